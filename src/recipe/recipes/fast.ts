/**
 * The recipe `fast`: a good network of one's own pictures in a few minutes. It is airbench-muon with half of the channels, in smaller
 * batches, and the default of `train --data`. How it fits few pictures is in `fitted.ts`.
 *
 * Width and length are first choices, which have not been measured yet.
 */
import type { FittedRecipe } from '../fitted.ts';

export const fast: FittedRecipe = { name: 'fast', width: 0.5, batchSize: 512, epochs: 6 };
