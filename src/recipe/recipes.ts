/** All recipes by name. To add a recipe, add a file in `recipes/` and a line here. */
import { unexpectedName } from '../arguments.ts';
import type { Recipe } from './recipe.ts';
import { airbenchRecipe } from './recipes/airbench.ts';
import { airbenchMuonRecipe } from './recipes/airbench-muon.ts';
import { resnet20Recipe } from './recipes/resnet20.ts';
import { tutorialRecipe } from './recipes/tutorial.ts';

/** The name of a recipe of this package. */
export type RecipeName = 'tutorial' | 'resnet20' | 'airbench' | 'airbench-muon';

/** The recipes of this package, by name. */
export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  tutorial: tutorialRecipe,
  resnet20: resnet20Recipe,
  airbench: airbenchRecipe,
  'airbench-muon': airbenchMuonRecipe,
};

/** The names of the recipes of this package. */
export const recipeNames: readonly RecipeName[] = Object.keys(recipes) as readonly RecipeName[];

/** Returns the recipe with a name.
 * @throws UsageError for an unknown name, with all names, and the name that was probably meant */
export function recipeNamed(name: unknown, where = 'recipe'): Recipe {
  const found = recipeNames.find((one) => one === name);
  if (found !== undefined) return recipes[found];
  throw unexpectedName(where, name, recipeNames);
}
