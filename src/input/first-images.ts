/** The first training images, for initial weights that depend on data. */
import type { Examples } from '../data/examples.ts';
import { type Float32Tensor, float32, type Shape } from '../tensor/tensor.ts';
import { type ImageRecipe, makeImages } from './augmentations.ts';
import { BatchMaker } from './batch.ts';

/** Returns a function that makes the first `count` images of the examples, or all if there are fewer, without distortions: float32
 * [N, C, H, W], normalized.
 * @param imageShape the shape [C, H, W] of the images that the network takes
 * @throws RunError when the augmentation cannot make images of that shape */
export function firstImages(
  examples: Examples,
  images: ImageRecipe,
  imageShape: Shape,
): (count: number) => Float32Tensor {
  const maker = new BatchMaker(examples, makeImages(images, imageShape, examples.dataset));
  return (count) => {
    const batch = maker.evaluation(0, maker.buffers(Math.min(count, examples.count)));
    return float32([batch.count, ...imageShape], batch.images);
  };
}
