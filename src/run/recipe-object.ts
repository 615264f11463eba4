/** A recipe as an object of options: what the library takes and recipe files hold. */
import { requireKnownKeys, requireRecord } from '../arguments.ts';
import { type RecipeOptions, recipeChecks, requireOneLength } from '../recipe/recipe.ts';
import { recipeNamed } from '../recipe/recipes.ts';
import { type RunOptions, runChecks } from './run-options.ts';

/** A recipe, and whatever else determines results; what is left out is as in the named recipe, or else as in the tutorial. */
export interface RecipeObject extends RecipeOptions, RunOptions {
  /** The named recipe that this one changes. */
  readonly recipe?: string | undefined;
}

/** Checks of all options of a recipe object. */
export const optionChecks: {
  readonly [Name in keyof RecipeObject]-?: (where: string, value: unknown) => void;
} = {
  recipe: (where, value) => recipeNamed(String(value), where),
  ...recipeChecks,
  ...runChecks,
};
const optionNames = Object.keys(optionChecks) as readonly (keyof RecipeObject)[];

/** Checks the options of an object that are given.
 * @throws UsageError naming the option */
export function requireOptions(where: string, options: RecipeObject): void {
  requireRecord(where, options);
  requireKnownKeys(where, options, optionNames);
  for (const name of optionNames)
    if (options[name] !== undefined) optionChecks[name](`${where}.${name}`, options[name]);
  requireOneLength(options);
}
