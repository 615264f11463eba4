/**
 * The recipe `fast`, the default of `train --data`: airbench-muon in batches of 1,024. How it fits few pictures is in `fitted.ts`.
 *
 * Width, length and batch size were chosen on held-out training images (bench/RESULTS.md, "Sizes of fast and best"): it is the
 * narrowest and shortest of the measured ones whose precision with test-time augmentation is at least 0.90 there.
 */
import type { FittedRecipe } from '../fitted.ts';

export const fast: FittedRecipe = { name: 'fast', width: 1, batchSize: 1024, epochs: 8 };
