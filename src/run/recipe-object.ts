/** A recipe as an object of options: what the library takes and recipe files hold. */
import { type OptionChecks, optional } from '../arguments.ts';
import { type RecipeOptions, recipeOptionChecks } from '../recipe/recipe.ts';
import { recipeNamed } from '../recipe/recipes.ts';
import { type RunOptions, runOptionChecks } from './run-options.ts';

/** A recipe, and whatever else determines results; what is left out is as in the named recipe, or else as in the tutorial. */
export interface RecipeObject extends RecipeOptions, RunOptions {
  /** The named recipe that this one changes. */
  readonly recipe?: string | undefined;
}

/** The checks of the options. Every new option needs a line here. */
export const recipeObjectChecks: OptionChecks<RecipeObject> = {
  recipe: optional((where, value) => recipeNamed(value, where)),
  ...recipeOptionChecks,
  ...runOptionChecks,
};
