/** No augmentation: both training and evaluation use the image itself, or its central crop if the network takes smaller images. */
import type { Augmentation } from '../augmentation.ts';
import { addCenter, center, isWithin } from '../distort.ts';

export const none: Augmentation = {
  name: 'none',
  usual: (record) => record,
  makes: isWithin,
  flips: false,
  create: (shapes, normalizer) => {
    const evaluation = (image: Float32Array, pixels: Uint8Array) => center(image, pixels, shapes, normalizer);
    return {
      shape: shapes.image,
      training: evaluation,
      evaluation,
      addEvaluation: (op, pixels) => addCenter(op, pixels, shapes, normalizer),
    };
  },
};
