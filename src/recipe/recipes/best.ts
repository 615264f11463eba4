/**
 * The recipe `best`: `fast` for 1.5 times as many epochs, an estimated hour for 50,000 images of 32×32 pixels on two slow cores with
 * AVX2. It has not been measured. On held-out training images, longer runs were only a little more precise than those of 8 epochs
 * (bench/RESULTS.md, "Sizes of fast and best"). How it fits few pictures is in `fitted.ts`.
 */
import type { FittedRecipe } from '../fitted.ts';

export const best: FittedRecipe = { name: 'best', width: 1, batchSize: 1024, epochs: 12 };
