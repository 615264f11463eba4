/**
 * The recipe airbench94_muon.py of K. Jordan (https://github.com/KellerJordan/cifar10-airbench), for 8 epochs: the network of `airbench`,
 * whose filters are trained by Muon, and everything else by Nesterov's momentum, without look-ahead.
 *
 * The original adds up the losses of a batch of B = 2000 images, and its weight decay does not depend on the rate. Here the loss is the
 * mean over the batch. The original also divides the scores by 256, the number of features, instead of 9, and starts with weights that
 * are 256 / 9 times as large, which is the same network if the rate of these weights is divided by (256 / 9)².
 *
 * | here                     | from the original           | value                         |
 * |--------------------------|-----------------------------|-------------------------------|
 * | rate of the filters      | 0.24                        | 0.24                          |
 * | rate of the biases       | 0.053 · B                   | 106                           |
 * | rate of the last weights | 0.67 · B / (256 / 9)²       | 1.66                          |
 * | weight decay, per step   | 2e-6 · B                    | 0.004, none of the filters    |
 * | schedule                 | 1 → 0                       | linear                        |
 *
 * The biases of the whitening layer are trained for 3 epochs with the rate of the other biases. (In the original, their rate falls to 0
 * within these epochs.) With a quarter of the channels, runs of 3 epochs are as precise as in PyTorch (bench/RESULTS.md).
 */
import { tutorialHyperparameters } from '../hyperparameters.ts';
import type { Recipe } from '../recipe.ts';
import { airbenchRecipe } from './airbench.ts';

/** The rate of the filters, which does not depend on the batch size. */
const filterRate = 0.24;
const plain = { optimizer: 'nesterov', momentum: 0.85 } as const;

/** Returns the recipe for batches of another size. Its rates other than that of the filters are proportional to the size, because the
 * original adds up losses.
 * @param biasEpochs the number of epochs for which the biases of the whitening layer are trained */
export function airbenchMuon(batchSize: number, biasEpochs = 3): Recipe {
  const [biasRate, lastRate] = [0.053 * batchSize, 0.67 * batchSize * (9 / 256) ** 2];
  // The share of the weights that is subtracted per step at the initial rate, except of filters.
  const decay = 2e-6 * batchSize;
  const [bias, last] = [biasRate / filterRate, lastRate / filterRate];
  return {
    ...airbenchRecipe,
    name: 'airbench-muon',
    batchSize,
    hyperparameters: {
      ...tutorialHyperparameters,
      optimizer: 'muon',
      momentum: 0.6,
      newtonSchulzSteps: 3,
      weightNorm: 1,
      learningRate: filterRate,
      schedule: 'linear',
      weightDecay: decay / biasRate,
      labelSmoothing: 0.2,
      movingAverageDecay: 0,
    },
    groups: [
      { match: 'group*/weights', learningRate: 1, weightDecay: 0 },
      { match: '*/beta', learningRate: bias, weightDecay: 1, ...plain },
      { match: 'whiten/biases', learningRate: bias, weightDecay: 1, ...plain, epochs: biasEpochs },
      { match: 'softmax_linear/weights', learningRate: last, weightDecay: biasRate / lastRate, ...plain },
    ],
    length: { epochs: 8 },
  };
}

export const airbenchMuonRecipe: Recipe = airbenchMuon(2000);
