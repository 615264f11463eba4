/** A recipe as an object of options. The library takes such objects, and recipe files contain them. */
import { aText, type OptionChecks, optional } from '../arguments.ts';
import { type RecipeOptions, recipeOptionChecks } from '../recipe/recipe.ts';
import { recipeNamed } from '../recipe/recipes.ts';
import { type RunOptions, runOptionChecks } from './run-options.ts';

/** A recipe, and everything else that determines results. An omitted option has the value of the named recipe, or, without a
 * named recipe, that of the tutorial. */
export interface RecipeObject extends RecipeOptions, RunOptions {
  /** The name of the recipe that this recipe changes. */
  readonly recipe?: string | undefined;
  /** The name that tables of runs show. Default: the name of the file without its extension, or that of `recipe`. */
  readonly name?: string | undefined;
}

/** The checks of the options. Every new option needs a line here. */
export const recipeObjectChecks: OptionChecks<RecipeObject> = {
  recipe: optional((where, value) => recipeNamed(value, where)),
  name: optional(aText),
  ...recipeOptionChecks,
  ...runOptionChecks,
};
