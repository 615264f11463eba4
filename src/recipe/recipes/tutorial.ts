/**
 * The tutorial's recipe (TensorFlow r0.11, `cifar10.py` and `cifar10_train.py`): the defaults of every option.
 *
 * | measured | |
 * |---|---|
 * | precision @ 1, 10,000 steps | 0.793 in float32 (seed 0); 0.787 in bfloat16 (mean of seeds 0, 1 and 2: 0.790, 0.786, 0.786) |
 * | precision @ 1, 100,000 steps | 0.830 in bfloat16 (seed 0) |
 * | minutes | 4 for 10,000 steps in bfloat16 (Zen 5); 88 for 100,000 steps in bfloat16, on a busy machine (Zen 4) |
 * | machine | two cores of an AMD EPYC: Zen 5 for the three seeds, Zen 4 for 100,000 steps |
 * | versions | cifar10 0.1.0, oneDNN 2.6.3 |
 * | data | CIFAR-10 from a JPEG copy, 10,000 test images |
 *
 * bench/RESULTS.md contains every measurement.
 */
import { trainingDefaults } from '../defaults.ts';
import { tutorialHyperparameters } from '../hyperparameters.ts';
import type { Recipe } from '../recipe.ts';

export const tutorialRecipe: Recipe = {
  name: 'tutorial',
  network: { name: 'cifar10', configuration: { conv1: 64, conv2: 64, local3: 384, local4: 192 } },
  augmentation: 'tutorial',
  normalization: 'per_image',
  statistics: 'own',
  batchSize: trainingDefaults.batchSize,
  hyperparameters: tutorialHyperparameters,
  groups: [],
  freeze: [],
  length: { maxSteps: trainingDefaults.maxSteps },
};
