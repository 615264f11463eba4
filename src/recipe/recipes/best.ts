/**
 * The recipe `best`: `fast` for 1.5 times as many epochs, an estimated 60 to 80 minutes for 50,000 images of 32×32 pixels on two slow
 * cores with AVX2. Wider networks that need as much arithmetic are equally precise on held-out training images (bench/RESULTS.md, "Sizes of fast and
 * best"; "Full runs of the recipes" has its precision). How it fits few pictures is in `fitted.ts`.
 */
import type { FittedRecipe } from '../fitted.ts';

export const best: FittedRecipe = { name: 'best', width: 1, batchSize: 1024, epochs: 12 };
