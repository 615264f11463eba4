/** All recipes by name. To add a recipe, add a file in `recipes/` and a line here. */
import { unexpectedName } from '../arguments.ts';
import { type FitRequest, type FittedRecipe, fittedTo } from './fitted.ts';
import type { Recipe } from './recipe.ts';
import { airbench, airbenchRecipe } from './recipes/airbench.ts';
import { airbenchMuon, airbenchMuonRecipe } from './recipes/airbench-muon.ts';
import { best } from './recipes/best.ts';
import { fast } from './recipes/fast.ts';
import { resnet20Recipe } from './recipes/resnet20.ts';
import { tutorialRecipe } from './recipes/tutorial.ts';

/** The name of a recipe of this package. */
export type RecipeName = 'tutorial' | 'resnet20' | 'airbench' | 'airbench-muon' | 'fast' | 'best';

/** The number of images for which recipes are defined that fit the number of training images: that of CIFAR-10. */
const usualImages = 50_000;

const fitted: Readonly<Record<string, FittedRecipe>> = { fast, best };
/** The recipes whose learning rates follow the batch size, as functions of the batch size. */
const byBatchSize: Readonly<Record<string, (batchSize: number) => Recipe>> = {
  airbench,
  'airbench-muon': airbenchMuon,
};

/** The recipes of this package, by name. `fast` and `best` are those for 50,000 training images. */
export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  tutorial: tutorialRecipe,
  resnet20: resnet20Recipe,
  airbench: airbenchRecipe,
  'airbench-muon': airbenchMuonRecipe,
  fast: fittedTo(fast, usualImages),
  best: fittedTo(best, usualImages),
};

/** The names of the recipes of this package. */
export const recipeNames: readonly RecipeName[] = Object.keys(recipes) as readonly RecipeName[];

/** Returns the recipe with a name.
 * @throws UsageError for an unknown name, with all names, and the name that was probably meant */
export function recipeNamed(name: unknown, where = 'recipe'): Recipe {
  return recipes[requireRecipeName(name, where)];
}

/** Returns a name if it is that of a recipe.
 * @throws UsageError as `recipeNamed` does */
export function requireRecipeName(name: unknown, where = 'recipe'): RecipeName {
  const found = recipeNames.find((one) => one === name);
  if (found !== undefined) return found;
  throw unexpectedName(where, name, recipeNames);
}

/** Whether a recipe depends on the number of training images. */
export function isFitted(name: RecipeName): boolean {
  return fitted[name] !== undefined;
}

/** Returns the recipe with a name for a number of training images, on which only `fast` and `best` depend, and for a request. The
 * learning rates of these two and of the recipes in `byBatchSize` follow the requested batch size. */
export function recipeFor(name: RecipeName, images: number, requested: FitRequest = {}): Recipe {
  const { batchSize } = requested;
  const sized = byBatchSize[name];
  if (sized !== undefined && batchSize !== undefined) return sized(batchSize);
  const found = fitted[name];
  return found === undefined ? recipes[name] : fittedTo(found, images, requested);
}
