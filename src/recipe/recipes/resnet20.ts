/**
 * ResNet-20 for CIFAR-10 (K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385,
 * section 4.2) with a cosine schedule and a warm-up, for 20 epochs: 7,813 steps on CIFAR-10.
 *
 * | measured | |
 * |---|---|
 * | precision @ 1, mean and spread | 0.845 (0.843 and 0.847) in float32; PyTorch with the same recipe: 0.849 (0.850 and 0.848) |
 * | seeds | 0 and 1 |
 * | minutes | 39 and 45 on one thread, on a busy machine |
 * | machine | one core of an AMD EPYC (Zen 5) |
 * | versions | cifar10 0.1.0, oneDNN 2.6.3, PyTorch 2.14.1 |
 * | data | CIFAR-10 from a JPEG copy, 10,000 test images |
 *
 * bench/RESULTS.md contains every measurement.
 */
import { tutorialHyperparameters } from '../hyperparameters.ts';
import type { Recipe } from '../recipe.ts';

export const resnet20Recipe: Recipe = {
  name: 'resnet20',
  network: { name: 'resnet', configuration: { depth: 20, dropout: 0 } },
  augmentation: 'pad_crop_flip',
  normalization: 'dataset',
  statistics: 'own',
  batchSize: 128,
  hyperparameters: {
    ...tutorialHyperparameters,
    optimizer: 'nesterov',
    momentum: 0.9,
    weightDecay: 1e-4,
    learningRate: 0.1,
    schedule: 'cosine',
    endLearningRate: 0,
    warmupSteps: 400,
    clipNorm: 0,
    movingAverageDecay: 0,
  },
  groups: [],
  freeze: [],
  length: { epochs: 20 },
};
