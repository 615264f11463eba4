/**
 * The recipe `best`: `fast` for half as many epochs more. On two slow cores with AVX2, its steps take an hour with 50,000 images of
 * 32×32 pixels. Longer runs were only a little more precise on held-out training images (bench/RESULTS.md, "Sizes of fast and best").
 * How it fits few pictures is in `fitted.ts`.
 */
import type { FittedRecipe } from '../fitted.ts';

export const best: FittedRecipe = { name: 'best', width: 1, batchSize: 1024, epochs: 12 };
