/**
 * The recipe of a new run that starts with the weights of another run (`initFrom`) and names no recipe and no network. Its network
 * must be that of the other run, because otherwise no weights can be loaded, and the settings of a recipe suit its network.
 */
import { recipeNames, recipes } from '../recipe/recipes.ts';
import type { RecipeObject } from './recipe-object.ts';
import type { TrainingRequest } from './training-request.ts';
import { readWeightSource, type WeightSource } from './weight-source.ts';

type Request = Pick<TrainingRequest, 'recipe' | 'network' | 'initFrom' | 'hyperparameters'>;

/** Returns the recipe of the source of a request: the recipe of this package with which it was trained, with the network of the source.
 * It is the recipe of the tutorial, with that network, if the source was trained with another recipe or if the request names an
 * optimizer. Returns undefined if the request names a recipe or a network, and for sources other than our checkpoints and exports.
 * @param read reads the run of a source */
export async function recipeOfSource(
  { recipe, network, initFrom, hyperparameters }: Request,
  read: typeof runOfSource = runOfSource,
): Promise<RecipeObject | undefined> {
  if (recipe !== undefined || network !== undefined || initFrom === undefined) return undefined;
  const run = await read(initFrom);
  if (run === undefined) return undefined;
  const named = recipeNames.find(
    (name) => name === run.recipe && recipes[name].network.name === run.network.name,
  );
  const isKept = named !== undefined && hyperparameters?.optimizer === undefined;
  return { network: run.network, ...(isKept && { recipe: named }) };
}

/** Returns the recipe and the network of a source, or undefined if it is neither one of our checkpoints nor one of our exports. A source that cannot be read is
 * reported later, when its weights are read. */
export async function runOfSource(initFrom: string): Promise<WeightSource['run']> {
  return (await readWeightSource(initFrom).catch(() => undefined))?.run;
}
