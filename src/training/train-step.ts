/** Makes one update: feeds a batch, the scalars and the masks of the step, and reads the terms of the loss. */
import { unlessAborted } from '../collective/unless-aborted.ts';
import type { Session, StepOptions, Tensors } from '../engine/engine.ts';
import { towerName } from '../engine/tower-session.ts';
import type { Batch } from '../input/batch.ts';
import { float32Data, rowsOf, scalar, type Tensor } from '../tensor/tensor.ts';
import { drawMasks } from './dropout-masks.ts';
import { imageShapeAt } from './early-images.ts';
import { initialState, type StepState, stateAfter } from './loss-scale.ts';
import type { TrainingRun } from './run-definition.ts';
import { shareOf } from './towers.ts';
import {
  gradientsL2Name,
  logitsName,
  stepScalars,
  stopVoteName,
  stopVotesName,
  type TrainingGraph,
} from './training-graph.ts';

/** The number of the update, from 0. */
export interface StepReport {
  readonly kind: 'step';
  readonly step: number;
  /** The loss of the batch, computed before the update. */
  readonly totalLoss: number;
  /** All terms of the loss and `total_loss`, by name. */
  readonly losses: ReadonlyMap<string, number>;
  readonly learningRate: number;
  /** The factor of the loss in the backward pass of this step, or undefined if the loss is not scaled. */
  readonly lossScale: number | undefined;
  /** Whether the step changed no variable, because its gradients were not finite. */
  readonly isSkipped: boolean;
  /** The number of steps of the run that were skipped so far, including this one. */
  readonly skippedSteps: number;
  /** The loss of each tower on its part of the batch, if there are several towers. */
  readonly towerLosses: readonly number[];
  /** The number of images of the batch that were classified correctly before the update. */
  readonly correct: number;
  /** How many milliseconds this step waited for its batch. */
  readonly waitedMillis: number;
  /** How many milliseconds this step took, including the wait for its batch. */
  readonly stepMillis: number;
}

/** The part of a run that a step needs. */
export type StepRecipe = Pick<
  TrainingRun,
  'examples' | 'batchSize' | 'network' | 'hyperparameters' | 'seed'
> &
  Partial<Pick<TrainingRun, 'groups' | 'towers' | 'ranks'>>;

export interface StepControl extends StepOptions {
  /** Whether this process asks all processes to stop after this step. */
  readonly stop?: boolean;
  /** The state of the run before the step. Default: that of a new run. */
  readonly state?: StepState;
}

export interface TakenStep {
  /** Whether all processes stop after this step, because one of them asked for it. */
  readonly stops: boolean;
  /** The state of the run after the step. */
  readonly state: StepState;
  readonly report: Omit<StepReport, 'waitedMillis' | 'stepMillis'>;
  /** The values that the graph returned: the terms of the loss, and in a watched step the watched values. */
  readonly outputs: Tensors;
}

export async function trainStep(
  recipe: StepRecipe,
  { lossNames, masks, isLossScaled }: Pick<TrainingGraph, 'lossNames' | 'masks' | 'isLossScaled'>,
  session: Session,
  batch: Batch,
  { stop = false, state: before = initialState(isLossScaled), ...options }: StepControl = {},
): Promise<TakenStep> {
  const { examples, seed, towers = 1, ranks } = recipe;
  const { step, images, labels } = batch;
  const { first, count } = shareOf(recipe);
  const lossScale = before.lossScale?.scale;
  const scalars = stepScalars(step, examples.count, recipe, {
    skippedSteps: before.skippedSteps,
    lossScale,
  });
  const feeds = new Map<string, Tensor>([
    ['images', { dtype: 'float32', shape: [labels.length, ...imageShapeAt(recipe, step)], data: images }],
    ['labels', { dtype: 'int32', shape: [labels.length], data: labels }],
    ...[...scalars].map(([name, value]) => [name, scalar(value)] as const),
    // The masks of the whole batch do not depend on the number of processes.
    ...drawMasks(masks, seed, step).map(
      ([name, mask]) => [name, ranks === undefined ? mask : rowsOf(mask, first, count)] as const,
    ),
    ...(ranks === undefined ? [] : [[stopVoteName, scalar(stop ? 1 : 0)] as const]),
  ]);
  const outputs = await unlessAborted(ranks?.lost, session.step(feeds, options));
  const losses = new Map(lossNames.map((name) => [name, scalarOf(outputs.get(name))]));
  const totalLoss = losses.get('total_loss') ?? Number.NaN;
  const towerLosses = [...Array(towers).keys()].flatMap((tower) => {
    const loss = outputs.get(towerName(tower, 'total_loss'));
    return loss === undefined ? [] : [scalarOf(loss)];
  });
  const learningRate = scalars.get('learning_rate') ?? Number.NaN;
  const correct = correctIn(outputs.get(logitsName), labels);
  const stops = scalarOf(outputs.get(stopVotesName)) > 0;
  const isSkipped = isSkippedIn(outputs);
  const state = stateAfter(before, isSkipped);
  const scaling = { lossScale, isSkipped, skippedSteps: state.skippedSteps };
  return {
    stops,
    state,
    report: { kind: 'step', step, losses, totalLoss, towerLosses, learningRate, correct, ...scaling },
    outputs,
  };
}

/** Whether a step changed no variable, because its gradients were not finite. If the loss is not scaled, no step is skipped.
 * @param outputs what the step returned */
export function isSkippedIn(outputs: Tensors): boolean {
  const sum = outputs.get(gradientsL2Name);
  return sum !== undefined && !Number.isFinite(scalarOf(sum));
}

/** Counts the images whose label has the highest score. If several scores are equal, the first counts.
 * @param logits [N, classes] */
function correctIn(logits: Tensor | undefined, labels: Int32Array): number {
  if (logits === undefined) return 0;
  const scores = float32Data(logits);
  const classes = scores.length / labels.length;
  let correct = 0;
  for (let row = 0; row < labels.length; row++) {
    let best = 0;
    for (let index = 1; index < classes; index++)
      if ((scores[row * classes + index] ?? 0) > (scores[row * classes + best] ?? 0)) best = index;
    if (best === labels[row]) correct++;
  }
  return correct;
}

function scalarOf(tensor: Tensor | undefined): number {
  return (tensor && float32Data(tensor)[0]) ?? Number.NaN;
}
