/**
 * The recipe `fast`, which is meant for a few minutes of training with one's own pictures. It is airbench-muon with half of the
 * channels, in smaller batches, and the default of `train --data`. How it fits few pictures is in `fitted.ts`.
 *
 * Width and length are first choices. With 300 pictures of each of three classes, it is better than the recipe of the tutorial
 * (bench/RESULTS.md, "Few pictures"). A run on all images of CIFAR-10 has not been measured yet.
 */
import type { FittedRecipe } from '../fitted.ts';

export const fast: FittedRecipe = { name: 'fast', width: 0.5, batchSize: 512, epochs: 6 };
