/**
 * Alternating flip and a shift by up to 2 pixels: K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024,
 * arXiv:2404.00498, sections 3.5 and 3.6. Each image is flipped at random in the first epoch, and from then on the other way round in
 * every epoch, so that two successive epochs contain both versions of every image. Pixels outside the image are reflected at its
 * border. Evaluation uses the image itself, or its central crop if the network takes smaller images.
 */
import { RandomStream } from '../../tensor/random.ts';
import type { Augmentation, Draw, ImageShapes } from '../augmentation.ts';
import { addCenter, center, isWithin } from '../distort.ts';
import { type Placement, reflectedImage } from '../reflect.ts';

/** The largest shift, in pixels. */
const shift = 2;

export const alternatingFlip: Augmentation = {
  name: 'alternating_flip',
  usual: (record) => record,
  makes: (image, record) => isWithin(image, record) && record[1] > shift && record[2] > shift,
  flips: true,
  create: (shapes, normalizer) => {
    const draw = reflectedImage(shapes, normalizer);
    return {
      shape: shapes.image,
      training: (image, pixels, drawn) => draw(image, pixels, placementOf(drawn, shapes)),
      evaluation: (image, pixels) => center(image, pixels, shapes, normalizer),
      addEvaluation: (op, pixels) => addCenter(op, pixels, shapes, normalizer),
    };
  },
};

/** Draws where the image of a record is cropped in an epoch, and whether it is flipped. */
export function placementOf({ seed, epoch, example }: Draw, { record, image }: ImageShapes): Placement {
  const crop = new RandomStream(seed, 'crop', epoch, example);
  const first = new RandomStream(seed, 'flip', 0, example).below(2);
  return {
    row: crop.below(record[1] - image[1] + 2 * shift + 1) - shift,
    column: crop.below(record[2] - image[2] + 2 * shift + 1) - shift,
    flipped: (first + epoch) % 2 === 1,
  };
}
