/** What follows from the step alone: learning rate and decay of the moving averages. */
import type { Hyperparameters } from './hyperparameters.ts';

/** Steps after which the learning rate falls: ⌊examples / batch · epochs⌋, at least 1; 136,718 for the tutorial's recipe. */
export function decaySteps(
  trainingExamples: number,
  batchSize: number,
  { numEpochsPerDecay }: Hyperparameters,
): number {
  return Math.max(1, Math.floor((trainingExamples / batchSize) * numEpochsPerDecay));
}

/** The staircase: initial · factor^⌊globalStep / decaySteps⌋, with the number of updates made before this one. */
export function learningRate(
  globalStep: number,
  stepsPerDecay: number,
  hyperparameters: Hyperparameters,
): number {
  const { initialLearningRate, learningRateDecayFactor } = hyperparameters;
  return initialLearningRate * learningRateDecayFactor ** Math.floor(globalStep / stepsPerDecay);
}

/** min(decay, (1 + n) / (10 + n)) with n the number of updates including this one, for averages are taken after the
 * update (r0.11 left the order open; TensorFlow settled it so in 2018). 2/11 at first, the cap from n = 89,990. */
export function movingAverageDecay(
  globalStepAfter: number,
  { movingAverageDecay: cap }: Hyperparameters,
): number {
  return Math.min(cap, (1 + globalStepAfter) / (10 + globalStepAfter));
}
