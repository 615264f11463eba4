/** The network, recipe and data set of a run, as its checkpoint describes them. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, withLabels } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import { describePictures, picturesName } from '../data/pictures.ts';
import { RunError } from '../errors.ts';
import { augmentationNames, type ImageRecipe, imageShapeFor } from '../input/augmentations.ts';
import { normalizationNames, statisticsChoices } from '../input/normalization.ts';
import type { Network } from '../model/network.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { oneLine, shortened } from '../wording.ts';
import { storedNetwork } from './stored-network.ts';

/** Returns the network of a checkpoint.
 * @throws RunError when this program does not have that network */
export function networkOf(stored: CheckpointMetadata): Network {
  const { network, dataset } = stored;
  const shape = dataset.image && imageShapeFor(storedImages(stored).augmentation, dataset.image);
  return storedNetwork('the checkpoint', network, dataset.classes.length, shape);
}

/** Returns the recipe of the run that wrote a checkpoint. */
export function recipeOfCheckpoint(stored: CheckpointMetadata): Recipe {
  const { recipe, network, batchSize, hyperparameters, groups, freeze, length } = stored;
  return {
    name: recipe,
    network,
    ...storedImages(stored),
    statistics: known('statistics', stored.statistics, statisticsChoices),
    batchSize,
    hyperparameters,
    groups,
    freeze,
    length,
  };
}

/** Returns how the images of a checkpoint's run were made.
 * @throws RunError when this version of the program does not support that augmentation or normalization */
export function storedImages({ augmentation, normalization }: CheckpointMetadata): ImageRecipe {
  return {
    augmentation: known('augmentation', augmentation, augmentationNames),
    normalization: known('normalization', normalization, normalizationNames),
  };
}

function known<Name extends string>(what: string, found: string, names: readonly Name[]): Name {
  const name = names.find((one) => one === found);
  if (name !== undefined) return name;
  throw new RunError(
    `the checkpoint was trained with the ${what} "${oneLine(shortened(found))}"; this version supports ${names.join(', ')}`,
  );
}

/** Returns the data set that a checkpoint was trained on, with the labels that were used as the classes, and the statistics that
 * the images were normalized with. Data sets of the user's own pictures have no list of files.
 * @throws RunError when this version of the program does not support that data set */
export function datasetOf({ dataset: stored }: CheckpointMetadata): DatasetDescription {
  const { name, labels, classes, image, statistics, origin } = stored;
  const found = Object.values(datasets).find((dataset) => dataset.name === name);
  if (found !== undefined) return { ...withLabels(found, labels), ...(statistics && { statistics }) };
  if (name === picturesName && image !== undefined && statistics !== undefined)
    return describePictures({ origin, classes, image, statistics, files: [] });
  throw new RunError(
    `the checkpoint was trained on "${oneLine(shortened(name))}"; this version supports ${Object.keys(datasets).join(', ')} and pictures`,
  );
}
