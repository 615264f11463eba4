/**
 * The recipe `best`, which is meant for an hour of training on two CPU cores with 50,000 images of 32×32 pixels. It is airbench-muon,
 * in smaller batches and for more epochs. How it fits few pictures is in `fitted.ts`.
 *
 * Width and length are first choices. Time and precision have not been measured yet.
 */
import type { FittedRecipe } from '../fitted.ts';

export const best: FittedRecipe = { name: 'best', width: 1, batchSize: 512, epochs: 12 };
