/**
 * The tutorial's recipe (TensorFlow r0.11, `cifar10.py` and `cifar10_train.py`): the defaults of every option.
 *
 * | measured | |
 * |---|---|
 * | precision @ 1, 10,000 steps | 0.793 in float32, 0.789 in bfloat16 (seed 0) |
 * | precision @ 1, 100,000 steps | 0.830 in bfloat16 (seed 0) |
 * | minutes | 88 for 100,000 steps in bfloat16, on a busy machine |
 * | machine | two cores of an AMD EPYC (Zen 4) |
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
  batchSize: trainingDefaults.batchSize,
  hyperparameters: tutorialHyperparameters,
  groups: [],
  length: { maxSteps: trainingDefaults.maxSteps },
};
