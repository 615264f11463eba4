/**
 * The recipe airbench94 of K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498
 * (https://github.com/KellerJordan/cifar10-airbench, `legacy/airbench94.py`), for 9.9 epochs.
 *
 * The original adds up the losses of a batch, and gives rates and decays per 1,024 images, independent of the momentum μ. It divides
 * them by k = 1 + 1 / (1 - μ), by which Nesterov's momentum lengthens steps. Here the loss is the mean over the batch, so for B
 * images, with μ = 0.85 and k = 7.667:
 *
 * | here                   | from the original                          | value for B = 1024    |
 * |------------------------|--------------------------------------------|-----------------------|
 * | learning rate          | 11.5 / k · B / 1024                        | 1.5                   |
 * | weight decay           | 0.0153 / 11.5                              | 0.00133 (for every B) |
 * | schedule               | 0.2 → 1 over 23% of the steps, then → 0.07 | 0.3 → 1.5 → 0.105     |
 * | offsets of batch norms | rate × 64, same weight decay per step      | × 64, decay ÷ 64      |
 *
 * Look-ahead every 5 steps with the decay 0.95 per step, label smoothing 0.2, and the biases of the whitening layer, which are trained
 * for 3 epochs, are those of the original.
 *
 * bench/RESULTS.md contains the measurements.
 */

import { tutorialHyperparameters } from '../hyperparameters.ts';
import type { Recipe } from '../recipe.ts';
import { scaledRate } from '../scale-learning-rate.ts';

/** Returns the recipe for batches of another size. Its rates are proportional to the size, because the original adds up losses. */
export function airbench(batchSize: number): Recipe {
  const { batchSize: usual, hyperparameters } = airbenchRecipe;
  const { startLearningRate, learningRate, endLearningRate } = hyperparameters;
  const rate = (of: number) => scaledRate(of, usual, batchSize);
  const rates = { startLearningRate: rate(startLearningRate), learningRate: rate(learningRate) };
  return {
    ...{ ...airbenchRecipe, batchSize },
    hyperparameters: { ...hyperparameters, ...rates, endLearningRate: rate(endLearningRate) },
  };
}

export const airbenchRecipe: Recipe = {
  name: 'airbench',
  network: { name: 'airbench', configuration: { width: 1 } },
  augmentation: 'alternating_flip',
  normalization: 'dataset',
  statistics: 'own',
  batchSize: 1024,
  hyperparameters: {
    ...tutorialHyperparameters,
    optimizer: 'nesterov',
    momentum: 0.85,
    weightDecay: 0.0153 / 11.5,
    labelSmoothing: 0.2,
    schedule: 'triangular',
    startLearningRate: 0.3,
    learningRate: 1.5,
    endLearningRate: 0.105,
    riseShare: 0.23,
    lookAheadSteps: 5,
    lookAheadDecay: 0.95,
    movingAverageDecay: 0,
  },
  groups: [
    { match: '*/beta', learningRate: 64, weightDecay: 1 / 64 },
    { match: 'whiten/biases', learningRate: 1, weightDecay: 1, epochs: 3 },
  ],
  freeze: [],
  length: { epochs: 9.9 },
};
