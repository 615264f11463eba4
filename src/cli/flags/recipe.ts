/** The flags that say what is trained and how, except hyperparameters: the group “Recipe” of the help. */
import { augmentationNames } from '../../input/augmentations.ts';
import { normalizationNames, statisticsChoices } from '../../input/normalization.ts';
import { networkNames } from '../../model/networks.ts';
import { recipeBounds } from '../../recipe/recipe.ts';
import { recipeNames } from '../../recipe/recipes.ts';
import { scalingNames } from '../../recipe/scale-learning-rate.ts';
import { alternatives } from '../../wording.ts';

export const ownRecipeFlags = {
  recipe: {
    kind: 'string',
    valueName: 'name|file',
    help: `${alternatives(recipeNames)}, or the path of a .toml file, such as the recipe.toml of a run; other flags override it (default: fast with --data, otherwise tutorial)` as string,
    helpFor: {
      inspect: 'with graph: recipe whose network to show (default: tutorial)',
      bench: 'recipe to measure (default: tutorial)',
    },
    group: 'Recipe',
    commands: ['train', 'inspect', 'bench'],
  },
  network: {
    kind: 'string',
    valueName: 'name',
    help: `${alternatives(networkNames)}; name:key=value,… changes the numbers of its configuration` as string,
    helpFor: {
      inspect: 'with graph: network to show (default: that of the recipe)',
      bench: 'network to measure (default: that of the recipe)',
    },
    group: 'Recipe',
    commands: ['train', 'inspect', 'bench'],
  },
  width: {
    kind: 'number',
    valueName: 'factor',
    minimum: recipeBounds.width.minimum as number,
    help: 'factor of the widths of the layers, for networks that have one, such as airbench',
    helpFor: { inspect: 'with graph: factor of the widths of the layers (default: that of the recipe)' },
    group: 'Recipe',
    commands: ['train', 'inspect', 'bench'],
  },
  augmentation: {
    kind: 'choice',
    valueName: 'name',
    choices: augmentationNames as typeof augmentationNames,
    default: 'tutorial',
    help: `how training images are augmented: ${alternatives(augmentationNames)}` as string,
    group: 'Recipe',
    helpFor: { inspect: 'augmentation for --pictures (default: tutorial)' },
    commands: ['train', 'inspect'],
  },
  normalization: {
    kind: 'choice',
    valueName: 'name',
    choices: normalizationNames as typeof normalizationNames,
    default: 'per_image',
    help: `how the values of an image are scaled: ${alternatives(normalizationNames)}` as string,
    group: 'Recipe',
    commands: ['train'],
  },
  statistics: {
    kind: 'choice',
    choices: statisticsChoices as typeof statisticsChoices,
    default: 'own',
    help: 'mean and deviation for --normalization dataset: those of the training images (own), or those of the run or file of --init-from (source)',
    group: 'Recipe',
    commands: ['train'],
  },
  scaleLearningRate: {
    kind: 'choice',
    choices: scalingNames as typeof scalingNames,
    default: 'none',
    help: "linear multiplies the learning rate by --batch-size divided by the recipe's batch size, and adds a warm-up of 5 epochs",
    group: 'Recipe',
    commands: ['train'],
  },
  initFrom: {
    kind: 'string',
    valueName: 'path',
    help: 'train folder, .safetensors or .onnx file, or TensorFlow checkpoint, whose weights become the initial weights of a new run',
    group: 'Recipe',
    inSweep: 'same',
    commands: ['train'],
  },
  freeze: {
    kind: 'string',
    valueName: 'layers',
    help: 'layers that keep their weights, such as conv1,conv2 (* matches any text); with --init-from, to train only the last layers',
    group: 'Recipe',
    inSweep: 'same',
    commands: ['train'],
  },
} as const;
