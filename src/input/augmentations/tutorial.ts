/**
 * The distortions of the tutorial (TensorFlow r0.11, `cifar10_input.distorted_inputs`): a random crop of the size that the
 * network takes, flipped half of the time, with changed brightness and contrast. Evaluation uses the central crop.
 *
 * Whitening cancels the change in brightness, which we make only because the tutorial makes it. Whitening also cancels part of
 * the change in contrast: what remains is a change of the ratio of the spread within channels to the offsets between channels.
 */
import { RandomStream } from '../../tensor/random.ts';
import type { Augmentation, Draw, ImageShapes } from '../augmentation.ts';
import { type Distortion, distortedImages, isWithin } from '../distort.ts';

export const tutorial: Augmentation = {
  name: 'tutorial',
  // The tutorial's crops have 24 of 32 rows and columns.
  usual: ([channels, height, width]) => [channels, Math.ceil(0.75 * height), Math.ceil(0.75 * width)],
  makes: isWithin,
  flips: true,
  create: (shapes, normalizer) =>
    distortedImages(shapes, normalizer, (draw) => tutorialDistortion(draw, shapes)),
};

/** Draws the distortion of an image. The brightness is in [-63, 63), and the contrast is in [0.2, 1.8). */
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
