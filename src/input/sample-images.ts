/**
 * A sample of the training images, for initial weights that depend on data. It is spread evenly over the examples, because those of
 * pictures are sorted by class.
 */
import type { Examples } from '../data/examples.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';
import { type ImageRecipe, makeImages } from './augmentations.ts';
import { BatchMaker } from './batch.ts';

/** Returns a function that makes `count` images of the examples at equal distances, or all if there are fewer, without distortions:
 * float32 [N, C, H, W], normalized.
 * @param imageShape the shape [C, H, W] of the images that the network takes
 * @throws RunError when the augmentation cannot make images of that shape */
export function sampleImages(
  examples: Examples,
  images: ImageRecipe,
  imageShape: Shape,
): (count: number) => Float32Tensor {
  const maker = new BatchMaker(examples, makeImages(images, imageShape, examples.dataset));
  return (count) => {
    const sampled = Math.min(count, examples.count);
    const data = new Float32Array(sampled * sizeOf(imageShape));
    const one = maker.buffers(1);
    for (let index = 0; index < sampled; index++) {
      const example = Math.floor((index * examples.count) / sampled);
      data.set(maker.evaluation(example, one).images, index * sizeOf(imageShape));
    }
    return float32([sampled, ...imageShape], data);
  };
}
