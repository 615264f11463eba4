/** Reads the recipe of a request, which is a name, a file or an object. */
import { type Check, pickOptions, requireOptions, unexpectedName } from '../arguments.ts';
import { RunError, UsageError } from '../errors.ts';
import type { FitRequest } from '../recipe/fitted.ts';
import {
  changed,
  type Recipe,
  type RecipeOptions,
  recipeOptionChecks,
  requireOneLength,
} from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import {
  type RecipeName,
  recipeFor,
  recipeNamed,
  recipeNames,
  recipes,
  requireRecipeName,
} from '../recipe/recipes.ts';
import { snakeCase } from '../wording.ts';
import { readRecipeFile } from './recipe-file.ts';
import { type RecipeObject, recipeObjectChecks } from './recipe-object.ts';
import { recipeKeys } from './recipe-toml.ts';
import { type RunOptions, runOptionChecks } from './run-options.ts';

/** A recipe, and the options of a run that it contains. */
export interface GivenRecipe {
  readonly recipe: Recipe;
  readonly run: RunOptions;
  /** The named recipe that it is, or that it changes, and the changes. Without them, it changes the tutorial. */
  readonly named?: RecipeName;
  readonly changes?: RecipeOptions;
  /** The path of the file that contains the recipe, if it is from a file. */
  readonly file?: string;
}

/** Returns a given recipe for a number of training images, if it depends on it.
 * @param requested what the request or the checkpoint contains, before which the changes of the recipe do not count */
export function givenRecipeFor(
  { recipe, named, changes = {} }: GivenRecipe,
  images: number,
  { batchSize = changes.batchSize, epochs = changes.epochs }: FitRequest,
): Recipe {
  if (named === undefined) return recipe;
  const base = recipeFor(named, images, { batchSize, epochs });
  return { ...changed(base, changes), name: recipe.name };
}

/** Whether a text is the path of a recipe file. Otherwise it is a name. */
function isPath(text: string): boolean {
  return /[\\/]|\.toml$/i.test(text);
}

/** Makes the checks that are possible without reading a file.
 * @throws UsageError for an unknown name, and for options that are unknown or out of range */
function requireRecipeSource(source: unknown): void {
  if (typeof source !== 'string') {
    requireOptions(source as RecipeObject, recipeObjectChecks, 'recipe');
    requireOneLength(source as RecipeObject);
  } else if (!isPath(source)) requireName(source);
}

function requireName(name: string): void {
  if (recipeNames.some((one) => one === name)) return;
  throw unexpectedName('`recipe`', name, [...recipeNames, 'a path that ends in .toml']);
}

export const aRecipeSource: Check = (_, value) => requireRecipeSource(value);

/** Reads the recipe, if it is in a file, and returns it with the options of a run.
 * @throws UsageError for an unknown name, and for options that are unknown or out of range
 * @throws RunError for a file that cannot be read, or whose contents are not a recipe */
export async function readRecipe(source: string | RecipeObject): Promise<GivenRecipe> {
  requireRecipeSource(source);
  if (typeof source !== 'string' || !isPath(source)) return givenBy(source);
  return { ...givenBy(await readRecipeFile(source)), file: source };
}

/** Returns a request that does not depend on a recipe file: if it specifies a file, it gets the contents of the file instead.
 * @throws UsageError and RunError as `readRecipe` does */
export async function withRecipeRead<R extends { readonly recipe?: string | RecipeObject | undefined }>(
  request: R,
): Promise<R> {
  const { recipe } = request;
  if (typeof recipe !== 'string' || !isPath(recipe)) return request;
  return { ...request, recipe: await readRecipeFile(recipe) };
}

/** Returns the recipe that a name or an object specifies.
 * @throws UsageError for an unknown name */
export function givenBy(source: string | RecipeObject): GivenRecipe {
  if (typeof source === 'string')
    return { recipe: recipeNamed(source), run: {}, named: requireRecipeName(source) };
  const named = source.recipe === undefined ? undefined : requireRecipeName(source.recipe);
  const base = named === undefined ? tutorialRecipe : recipes[named];
  const { name = base.name } = source;
  return {
    recipe: { ...changed(base, source), name },
    run: pickOptions(source, runOptionChecks),
    ...(named !== undefined && { named, changes: pickOptions(source, recipeOptionChecks) }),
  };
}

/** Runs a task that may fail because of a recipe. If the recipe is from a file, the error names the file.
 * @throws RunError in place of the task's UsageError, if the recipe is from a file */
export function inRecipe<T>(given: GivenRecipe | undefined, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw withFile(given, error);
  }
}

/** Does what `inRecipe` does, for an asynchronous task. */
export async function inRecipeLater<T>(given: GivenRecipe | undefined, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw withFile(given, error);
  }
}

function withFile(given: GivenRecipe | undefined, error: unknown): unknown {
  const file = given?.file;
  if (file === undefined || !(error instanceof UsageError)) return error;
  return new RunError(`${file}: ${inKeys(error.message)}`, { cause: error });
}

/** Converts `` `batchSize` `` to `batch_size`, and `` `engine: onnx` `` to `engine = "onnx"`. Other text in backticks is
 * unchanged. */
function inKeys(message: string): string {
  return message.replaceAll(/`(\w+)(?:: ([^`\n]+))?`/g, (whole, name: string, value?: string) => {
    const key = snakeCase(name);
    if (!recipeKeys.includes(key)) return whole;
    return value === undefined
      ? key
      : `${key} = ${/^([\d.e+-]+|true|false)$/.test(value) ? value : JSON.stringify(value)}`;
  });
}
