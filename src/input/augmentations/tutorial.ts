/**
 * The distortions of the tutorial (TensorFlow r0.11, `cifar10_input.distorted_inputs`): a random crop of the size that the
 * network takes, flipped half of the time, with changed brightness and contrast. Evaluation uses the central crop.
 *
 * Whitening cancels the change in brightness. We keep it because the tutorial has it. Of the change in contrast, only the
 * ratio between the spread within channels and the offsets between channels remains.
 */
import { RandomStream } from '../../tensor/random.ts';
import type { Augmentation, Draw, ImageShapes } from '../augmentation.ts';
import { type Distortion, distortedImages, isWithin } from '../distort.ts';

export const tutorial: Augmentation = {
  name: 'tutorial',
  // A crop has 24 of 32 rows and columns.
  usual: ([channels, height, width]) => [channels, Math.ceil(0.75 * height), Math.ceil(0.75 * width)],
  makes: isWithin,
  create: (shapes, normalizer) =>
    distortedImages(shapes, normalizer, (draw) => tutorialDistortion(draw, shapes)),
};

/** The brightness is in [-63, 63), the contrast in [0.2, 1.8). */
export function tutorialDistortion(
  { seed, epoch, example }: Draw,
  { record, image }: ImageShapes,
): Distortion {
  const crop = new RandomStream(seed, 'crop', epoch, example);
  return {
    row: crop.below(record[1] - image[1] + 1),
    column: crop.below(record[2] - image[2] + 1),
    flipped: new RandomStream(seed, 'flip', epoch, example).below(2) === 1,
    brightness: new RandomStream(seed, 'brightness', epoch, example).between(-63, 63),
    contrast: new RandomStream(seed, 'contrast', epoch, example).between(0.2, 1.8),
  };
}
