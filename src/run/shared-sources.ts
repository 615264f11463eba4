/** Values that the first process of an MPI job reads from files and sends to the others, which need no such files. */
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/safetensors.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import { requireAlike } from './alike.ts';
import type { InitialWeights } from './initial-weights.ts';
import { type Codec, ofFirst } from './ranks.ts';
import { type GivenRecipe, givenBy, readRecipe } from './recipe-source.ts';
import { recipeOfSource } from './source-recipe.ts';
import type { TrainingRequest } from './training-request.ts';

/** Returns the recipe of a request, or undefined if it has none.
 * @throws RunError, as `together` does, when the file cannot be read, or the processes have different requests */
export async function sharedRecipe(
  job: Job | undefined,
  { recipe, initFrom }: Pick<TrainingRequest, 'recipe' | 'initFrom'>,
): Promise<GivenRecipe | undefined> {
  await requireAlike(job, () => ({ '`recipe`': recipe, '`initFrom`': initFrom }));
  return ofFirst(job, async () => (recipe === undefined ? undefined : readRecipe(recipe)), recipeCodec);
}

/** Returns the recipe of the run whose weights a new run starts with, as `recipeOfSource` does. Only the first process reads it. */
export function sharedSourceRecipe(
  job: Job | undefined,
  request: Parameters<typeof recipeOfSource>[0],
): Promise<GivenRecipe | undefined> {
  const find = async () => {
    const recipe = await recipeOfSource(request);
    return recipe && givenBy(recipe);
  };
  return ofFirst(job, find, recipeCodec);
}

/** Returns the initial weights that the first process reads. Only that process calls `read`.
 * @throws as `together` does */
export function sharedInitialWeights(
  job: Job | undefined,
  read: () => Promise<InitialWeights | undefined>,
): Promise<InitialWeights | undefined> {
  return ofFirst(job, read, weightsCodec);
}

const recipeCodec: Codec<GivenRecipe> = {
  encode: (given) => new TextEncoder().encode(JSON.stringify(given)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as GivenRecipe,
};

const weightsCodec: Codec<InitialWeights> = {
  encode: ({ tensors, ...initialization }) =>
    encodeSafetensors(tensors, { initialization: JSON.stringify(initialization) }),
  decode: (bytes) => {
    const { tensors, metadata } = decodeSafetensors(bytes, 'the initial weights of the first process');
    return {
      ...(JSON.parse(metadata['initialization'] ?? '{}') as Omit<InitialWeights, 'tensors'>),
      tensors,
    };
  },
};
