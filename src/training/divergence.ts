/** What to say of a run whose numbers are no longer numbers. */
import type { Examples } from '../data/files.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Batch } from '../input/batch.ts';
import type { StepReport } from './train-step.ts';

/** The newest checkpoint of the run. */
export interface LastSaved {
  readonly globalStep: number;
  readonly path: string;
}

/**
 * Stops a run that has diverged, before anything of it is saved.
 *
 * @param saved the last checkpoint, undefined where there is none
 * @throws RunError when the loss is infinite or not a number: the step, the terms of the loss, the variables whose
 * update was not finite (so their gradients were not), the examples of the batch, and the last good checkpoint.
 */
export async function requireFinite(
  { step, totalLoss, losses, learningRate }: StepReport,
  examples: Examples,
  batch: Batch,
  session: Session,
  saved: LastSaved | undefined,
): Promise<void> {
  if (Number.isFinite(totalLoss)) return;
  const names = notFinite(await session.read());
  const keys = Array.from(batch.examples, (example) => examples.keyOf(example));
  throw new RunError(
    [
      `Model diverged with loss = ${totalLoss} at step ${step}, learning rate ${learningRate}.`,
      `  loss: ${[...losses].map(([name, value]) => `${name} ${value}`).join(', ')}`,
      `  not finite after this step: ${names.length === 0 ? 'no variable' : `${names.join(', ')}, and so their gradients`}`,
      `  examples of the batch: ${keys.join(' ')}`,
      `  ${advice(step, saved)}`,
    ].join('\n'),
  );
}

/** @throws RunError naming the variables that are not finite after `globalStep` updates. */
export function requireFiniteVariables(
  variables: Tensors,
  globalStep: number,
  saved: LastSaved | undefined,
): void {
  const names = notFinite(variables);
  if (names.length === 0) return;
  throw new RunError(
    `Model diverged: not finite after ${globalStep} steps are ${names.join(', ')}.\n  ${advice(globalStep, saved)}`,
  );
}

/** Weights and biases that hold an infinity or what is not a number. */
function notFinite(variables: Tensors): readonly string[] {
  return [...variables]
    .filter(([name]) => !/\/(ExponentialMovingAverage|avg)$/.test(name))
    .filter(([, { data }]) => !data.every((value) => Number.isFinite(Number(value))))
    .map(([name]) => name);
}

/** A checkpoint is written once its weights have given a finite loss, so the last one is good; only that at the end of
 * a run is written untried. */
function advice(step: number, saved: LastSaved | undefined): string {
  const help = 'A smaller --learning-rate, or --clip-norm, may help.';
  if (saved === undefined) return `Nothing was saved. ${help}`;
  const { globalStep, path } = saved;
  if (globalStep < step) return `Nothing of this was saved; the last good checkpoint is ${path}. ${help}`;
  return `The checkpoint it went on from, ${path}, gave this loss; remove it to go on from the one before. ${help}`;
}
