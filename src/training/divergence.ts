/** Diagnoses a run whose numbers are no longer finite. */
import { join } from 'node:path';
import { writeAside } from '../disk/write-aside.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import { messageOf, RunError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { ExampleOrder } from '../input/order.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { isExhausted } from './loss-scale.ts';
import type { TrainingRun } from './run-definition.ts';
import type { StepReport } from './train-step.ts';

/** The newest checkpoint of the run. */
export interface LastSaved {
  readonly globalStep: number;
  readonly path: string;
}

/** The data that a diagnosis needs. */
export interface DivergedRun {
  readonly variables: Graph['variables'];
  readonly run: Pick<TrainingRun, 'examples' | 'seed' | 'batchSize'>;
  readonly session: Session;
  /** The folder for the list of the images in the batch. */
  readonly dir: string;
  /** The last checkpoint, or undefined if there is none. */
  readonly saved: LastSaved | undefined;
}

/** The maximum number of variables to name in a message. The message only counts the others. */
const mostNames = 4;

/**
 * Ends a run whose loss is not finite, before its variables are saved.
 *
 * @throws RunError when the loss is not finite. The message contains the cause and advice, the terms of the loss, the
 * variables whose updates were not finite (because of their gradients), and the file that lists the examples of the whole batch,
 * including those of other processes
 */
export async function requireFinite(
  { step, totalLoss, losses, learningRate, lossScale }: StepReport,
  { variables, run, session, dir, saved }: DivergedRun,
): Promise<void> {
  if (Number.isFinite(totalLoss)) return;
  const names = notFinite(await session.read(), variables);
  const { examples, seed, batchSize } = run;
  const order = new ExampleOrder(seed, examples.count);
  const keys = order.batchAt(step, batchSize).map((example) => examples.keyOf(example));
  const terms = [...losses].map(([name, value]) => `${name} ${shortNumber(value)}`);
  throw new RunError(
    [
      `Model diverged: the loss is ${totalLoss} at step ${step}, learning rate ${shortNumber(learningRate)}.`,
      `  ${advice(step, saved)}`,
      `  Terms of the loss: ${terms.join(', ')}`,
      `  ${named(names)}`,
      ...(lossScale === undefined ? [] : [`  ${largerNumbers}`]),
      `  ${await batchNote(dir, step, keys)}`,
    ].join('\n'),
    { code: 'CIFAR10_DIVERGED', data: { step, checkpoint: saved?.path ?? null } },
  );
}

/** Advice for float16, the only precision with a loss scale. */
const largerNumbers =
  'float16 ends at 65,504; `precision: bfloat16` and `precision: float32` have larger numbers.';

/** Ends a run whose gradients are not finite, although the scale of its loss is the smallest. (A step whose loss is not finite ends the
 * run as in any precision, because the scale does not affect the loss.)
 * @throws RunError when the step was skipped at the smallest scale. The message contains the scale and advice */
export function requireScalable(
  { step, totalLoss, isSkipped, lossScale, skippedSteps, learningRate }: StepReport,
  saved: LastSaved | undefined,
): void {
  if (!isExhausted(isSkipped, lossScale)) return;
  throw new RunError(
    [
      `Model diverged: the gradients are not finite at step ${step}, learning rate ${shortNumber(learningRate)}, although the loss is ` +
        `scaled by only ${lossScale}, the minimum.`,
      `  ${advice(step, saved)}`,
      `  ${largerNumbers}`,
      `  The loss is ${shortNumber(totalLoss)}. Steps of this run that changed no variable: ${skippedSteps}`,
    ].join('\n'),
    { code: 'CIFAR10_DIVERGED', data: { step, checkpoint: saved?.path ?? null } },
  );
}

/** Ends a run whose variables are no longer finite after `globalStep` updates.
 * @throws RunError with the names of those variables */
export function requireFiniteVariables(
  values: Tensors,
  variables: Graph['variables'],
  globalStep: number,
  saved: LastSaved | undefined,
): void {
  const names = notFinite(values, variables);
  if (names.length === 0) return;
  throw new RunError(
    `Model diverged after ${globalStep} steps.\n  ${advice(globalStep, saved)}\n  ${named(names)}`,
    { code: 'CIFAR10_DIVERGED', data: { step: globalStep, checkpoint: saved?.path ?? null } },
  );
}

/** Returns the names of the variables with elements that are not finite. Averages are omitted, because they are only computed
 * from other values. */
function notFinite(values: Tensors, variables: Graph['variables']): readonly string[] {
  return [...values]
    .filter(([name]) => variables.get(name)?.role !== 'average')
    .filter(([, tensor]) => !isFiniteTensor(tensor))
    .map(([name]) => name);
}

function isFiniteTensor({ dtype, data }: Tensor): boolean {
  if (dtype !== 'float32') return true;
  // A million values are checked before every checkpoint, and this loop is five times as fast as `every`.
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

function named(names: readonly string[]): string {
  if (names.length === 0)
    return 'All variables are still finite: the loss overflowed before its gradients reached them';
  const shown = names.slice(0, mostNames).join(', ');
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  return `Variables that are no longer finite, because their gradients were not: ${shown}${more}`;
}

/** Formats a number with six significant digits. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

async function batchNote(dir: string, step: number, keys: readonly string[]): Promise<string> {
  const file = join(dir, `diverged-batch-${step}.txt`);
  try {
    await writeAside(file, new TextEncoder().encode(`${keys.join('\n')}\n`));
    return `The ${keys.length} images of the batch are listed in ${file}`;
  } catch (error) {
    return `The images of the batch could not be listed (${messageOf(error)})`;
  }
}

/** Advises how to continue after a divergence. A checkpoint is written only after its weights have produced a finite loss, so
 * the last one is usually good. The exception is the checkpoint at the end of a run, whose weights have not been tried. */
function advice(step: number, saved: LastSaved | undefined): string {
  const help = 'A smaller `learningRate`, or `clipNorm: 5`, may help.';
  if (saved === undefined) return `${help} Nothing was saved.`;
  const { globalStep, path } = saved;
  if (globalStep < step) return `${help} The last good checkpoint is ${path}.`;
  return `${help} The checkpoint ${path} itself produces this loss; remove it to resume from the previous one.`;
}
