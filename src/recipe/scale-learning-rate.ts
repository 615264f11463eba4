/**
 * The linear scaling rule of P. Goyal et al., "Accurate, Large Minibatch SGD", 2017 (arXiv:1706.02677), sections 2.1 and 2.2: with
 * batches k times as large, the learning rate is k times as high, and rises to that rate over the first 5 epochs.
 *
 * In the paper, the warm-up starts at the rate of the recipe. Here it is the warm-up of the schedule, which starts near 0.
 */
import { rises } from '../optimizer/schedule.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import type { Recipe } from './recipe.ts';

/** How the learning rate is scaled for another batch size. */
export type ScalingName = 'none' | 'linear';
export const scalingNames: readonly ['none', 'linear'] = ['none', 'linear'];

/** The number of epochs over which a learning rate that was scaled up rises. */
const warmUpEpochs = 5;

/** The batch size and the learning rate from which a learning rate was scaled. */
export interface ScaledFrom {
  readonly batchSize: number;
  readonly learningRate: number;
}

/** Returns a learning rate for batches of another size. The result is rounded to 12 digits, so that 3 · 0.1 is 0.3. */
export function scaledRate(rate: number, fromBatchSize: number, batchSize: number): number {
  return Number(((rate * batchSize) / fromBatchSize).toPrecision(12));
}

/** Returns the hyperparameters of a recipe whose learning rates are meant for batches of `fromBatchSize` images, scaled for its own
 * batch size. The warm-up of the recipe keeps its number of epochs, and has at least 5 if the learning rate is scaled up, unless the
 * schedule rises by itself.
 * @param trainingExamples the number of examples in an epoch */
export function scaledLinearly(
  { batchSize, hyperparameters }: Pick<Recipe, 'batchSize' | 'hyperparameters'>,
  fromBatchSize: number,
  trainingExamples: number,
): Hyperparameters {
  if (batchSize === fromBatchSize) return hyperparameters;
  const { learningRate, startLearningRate, endLearningRate, warmupSteps, schedule } = hyperparameters;
  const isRaised = batchSize > fromBatchSize && !rises(schedule);
  const least = isRaised ? Math.ceil((warmUpEpochs * trainingExamples) / batchSize) : 0;
  return {
    ...hyperparameters,
    learningRate: scaledRate(learningRate, fromBatchSize, batchSize),
    startLearningRate: scaledRate(startLearningRate, fromBatchSize, batchSize),
    endLearningRate: scaledRate(endLearningRate, fromBatchSize, batchSize),
    warmupSteps: Math.max(least, Math.round((warmupSteps * fromBatchSize) / batchSize)),
  };
}
