/** The subject of a benchmark: the training of a recipe on the generated set. */
import { datasets } from '../data/datasets.ts';
import type { ImageRecipe } from '../input/augmentations.ts';
import { makeNetwork } from '../model/networks.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { withoutEarlyImages } from '../training/early-images.ts';
import type { GraphRecipe } from '../training/training-graph.ts';
import { requireImages } from '../training/training-run.ts';

export interface Subject extends Omit<GraphRecipe, 'batchSize'> {
  readonly images: ImageRecipe;
}

/** All steps of a benchmark have images of the usual size, also those of recipes whose first steps have smaller ones.
 * @throws RunError when the augmentation cannot make the network's images */
export function subjectOf({ network: { name, configuration }, ...recipe }: Recipe): Subject {
  const dataset = datasets.synthetic;
  const network = makeNetwork(name, dataset.classes.length, configuration);
  const { augmentation, normalization, hyperparameters, groups, freeze } = recipe;
  const images = { augmentation, normalization };
  requireImages({ network, ...images }, dataset);
  return { network, hyperparameters: withoutEarlyImages(hyperparameters), groups, freeze, images };
}
