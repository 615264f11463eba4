/**
 * Pads the image with 4 black pixels on each side, takes a random crop, and flips it half of the time: K. He et al., "Deep
 * Residual Learning for Image Recognition", 2015, section 4.2. Evaluation uses the image itself, or its central crop if the
 * network takes smaller images.
 */
import { RandomStream } from '../../tensor/random.ts';
import type { Augmentation, Draw, ImageShapes } from '../augmentation.ts';
import { type Distortion, distortedImages, isWithin } from '../distort.ts';
import { unchangedTone } from '../normalization.ts';

/** The number of black pixels on each side. */
const padding = 4;

export const padCropFlip: Augmentation = {
  name: 'pad_crop_flip',
  usual: (record) => record,
  makes: isWithin,
  flips: true,
  create: (shapes, normalizer) => distortedImages(shapes, normalizer, (draw) => distortionOf(draw, shapes)),
};

function distortionOf({ seed, epoch, example }: Draw, { record, image }: ImageShapes): Distortion {
  const crop = new RandomStream(seed, 'crop', epoch, example);
  return {
    ...unchangedTone,
    row: crop.below(record[1] - image[1] + 2 * padding + 1) - padding,
    column: crop.below(record[2] - image[2] + 2 * padding + 1) - padding,
    flipped: new RandomStream(seed, 'flip', epoch, example).below(2) === 1,
  };
}
