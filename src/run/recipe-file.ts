/** Reads recipe files, and writes the recipe of a run to its folder. */
import { join, parse } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { writeAside } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { printRecipe } from './print-recipe.ts';
import type { RecipeObject } from './recipe-object.ts';
import { parseRecipe } from './recipe-toml.ts';

/** The name of the file in a train folder. */
export const recipeFileName = 'recipe.toml';

/** The maximum size of a recipe file, which is more than any recipe needs. */
const maximumBytes = 65_536;

/** Reads a recipe file. Without the key `name`, the recipe is called as the file, without its extension.
 * @throws RunError for anything but a regular UTF-8 file with a valid recipe. For an invalid recipe, the error contains the
 * line and the key */
export async function readRecipeFile(path: string): Promise<RecipeObject> {
  const file = oneLine(path);
  return { name: parse(path).name, ...parseRecipe(decoded(await bytesOf(path, file), file), file) };
}

async function bytesOf(path: string, file: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, { maximumBytes });
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'the file does not exist' : oneLine(messageOf(error));
    throw new RunError(`${file}: cannot read the recipe: ${reason}`, { cause: error });
  }
}

function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new RunError(`${file}: the recipe is not UTF-8 text`, { cause: error });
  }
}

/** Writes the recipe of a run to its folder, replacing an earlier one.
 * @throws RunError when the file cannot be written */
export async function writeRecipeFile(
  metadata: CheckpointMetadata,
  run: { readonly trainDir: string; readonly dataDir: string | undefined },
): Promise<void> {
  const path = join(run.trainDir, recipeFileName);
  await writeAside(path, new TextEncoder().encode(printRecipe(metadata, { path, dataDir: run.dataDir })));
}
