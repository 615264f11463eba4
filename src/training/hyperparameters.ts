/** The numbers of the recipe, with the tutorial's values (r0.11, `cifar10.py`). */
import type { Hyperparameters } from '../checkpoint/metadata.ts';

export type { Hyperparameters };

export const tutorialHyperparameters: Hyperparameters = {
  initialLearningRate: 0.1,
  learningRateDecayFactor: 0.1,
  numEpochsPerDecay: 350,
  movingAverageDecay: 0.9999,
  weightDecay: 0.004,
  clipNorm: 0,
};
