/**
 * Recipes that fit the number of training images. An epoch of few images has few steps, and a network needs some hundreds of steps,
 * so fewer images are trained for more epochs and in smaller batches:
 *
 * - The epochs are those of the recipe, but at least as many as show 40,000 images to the network, and then at most 60. A request for
 *   another number of epochs changes the batch size too.
 * - The batch size is that of the recipe, or the largest smaller power of two with which the run has at least 300 steps. It is never
 *   less than 32, so fewer than 160 images, or requests for few epochs, have fewer steps.
 *
 * | training images | epochs of `fast` | batch size of `fast` | steps |
 * |---|---|---|---|
 * | 30 | 60 | 32 | 57 |
 * | 240 | 60 | 32 | 450 |
 * | 900 | 45 | 128 | 317 |
 * | 2,400 | 17 | 128 | 319 |
 * | 24,000 | 8 | 512 | 375 |
 * | 50,000 | 8 | 1,024 | 391 |
 *
 * The learning rates follow the batch size (`recipes/airbench-muon.ts`). The number of epochs for which the biases of the whitening
 * layer are trained grows as the number of epochs does. A length in steps (`maxSteps`) changes neither.
 */
import type { Recipe } from './recipe.ts';
import { airbenchMuon } from './recipes/airbench-muon.ts';

/** The numbers of a recipe that fits the number of training images. */
export interface FittedRecipe {
  readonly name: string;
  /** The factor of the channels of `airbench`. */
  readonly width: number;
  /** The number of images per step, and of epochs, if there are many images. */
  readonly batchSize: number;
  readonly epochs: number;
}

/** The least number of images that the network sees, counted in every epoch, and the number of epochs that is enough. */
const [leastSeen, mostEpochs] = [40_000, 60];
/** The number of steps for which batches are made smaller, and the smallest batch. The statistics of smaller ones are too noisy for
 * batch normalization. */
const [leastSteps, leastBatch] = [300, 32];
/** The epochs of the original, for which `airbenchMuon` has the number of epochs in which biases are trained. */
const [originalEpochs, originalBiasEpochs] = [8, 3];

/** What a request for a fitted recipe contains, and the rest of the recipe follows. */
export interface FitRequest {
  /** The number of images per step. */
  readonly batchSize?: number | undefined;
  /** The number of passes over the training images. */
  readonly epochs?: number | undefined;
}

/** Returns the recipe for a number of training images. */
export function fittedTo(
  { name, width, batchSize: usual, epochs: least }: FittedRecipe,
  images: number,
  requested: FitRequest = {},
): Recipe {
  const fitting = Math.max(least, Math.min(mostEpochs, Math.ceil(leastSeen / Math.max(1, images))));
  const { epochs = fitting } = requested;
  const most = powerOfTwo((images * epochs) / leastSteps);
  const { batchSize = Math.min(usual, Math.max(leastBatch, most)) } = requested;
  const biasEpochs = (originalBiasEpochs * epochs) / originalEpochs;
  return {
    ...airbenchMuon(batchSize, biasEpochs),
    name,
    network: { name: 'airbench', configuration: { width } },
    length: { epochs },
  };
}

/** Returns the largest power of two that is not larger than a number. */
function powerOfTwo(number: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, number)));
}
