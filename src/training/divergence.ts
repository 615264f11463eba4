/** What to say of a run whose numbers are no longer numbers. */
import type { Examples } from '../data/files.ts';
import type { Session } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Batch } from '../input/batch.ts';
import type { StepReport } from './train.ts';

/**
 * Stops a run that has diverged, before anything of it is saved.
 *
 * @param saved global steps of the last two checkpoints, -1 where there is none
 * @throws RunError when the loss is infinite or not a number: the step, the terms of the loss, the variables whose
 * update was not finite (so their gradients were not), the examples of the batch, and the last good checkpoint.
 */
export async function requireFinite(
  { step, totalLoss, losses, learningRate }: StepReport,
  examples: Examples,
  batch: Batch,
  session: Session,
  saved: readonly [before: number, last: number],
): Promise<void> {
  if (Number.isFinite(totalLoss)) return;
  const variables = await session.read();
  const broken = [...variables].filter(
    ([, { data }]) => !data.every((value) => Number.isFinite(Number(value))),
  );
  const names = broken
    .map(([name]) => name)
    .filter((name) => !/\/(ExponentialMovingAverage|avg)$/.test(name));
  const keys = Array.from(batch.examples, (example) => examples.keyOf(example));
  throw new RunError(
    [
      `Model diverged with loss = ${totalLoss} at step ${step}, learning rate ${learningRate}.`,
      `  loss: ${[...losses].map(([name, value]) => `${name} ${value}`).join(', ')}`,
      `  not finite after this step: ${names.length === 0 ? 'no variable' : names.join(', ')}`,
      `  examples of the batch: ${keys.join(' ')}`,
      `  ${advice(step, saved)} A smaller --learning-rate, or --clip-norm, may help.`,
    ].join('\n'),
  );
}

/** A checkpoint of the very step holds the weights that gave this loss; the one before it is the last good one. */
function advice(step: number, [before, last]: readonly [number, number]): string {
  const name = (globalStep: number) => `model.ckpt-${globalStep}.safetensors`;
  const good = last === step ? before : last;
  if (good < 0) return 'There is no checkpoint from before.';
  if (last !== step) return `Nothing of this step was saved; the last good checkpoint is ${name(good)}.`;
  return `The last good checkpoint is ${name(good)}; to go on from it, remove ${name(last)}, whose weights gave this loss.`;
}
