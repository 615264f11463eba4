/** Float images → pictures, with TensorFlow's scaling (core/kernels/summary_image_op.cc, NormalizeFloatImage). */
import { describeType, type Float32Tensor } from '../tensor/tensor.ts';
import type { Colour, Picture } from './picture.ts';

/** What TensorFlow paints where a channel of the pixel is not finite; of a grey image it takes the first number. */
const badColour: Colour = [255, 0, 0];
/** Images whose largest value is smaller are taken for empty. */
const zeroThreshold = 1e-6;

/** value·scale + offset is from 0 to 255. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
}

/**
 * A picture of an image [C, H, W] with 1 or 3 channels of any range. With m the smallest and M the largest value of the
 * pixels whose channels are all finite:
 *
 *     m < 0    v·127/max(|m|, |M|) + 128, so that 0 is the grey in the middle
 *     m ≥ 0    v·255/M
 *
 * cut to whole numbers; 127/max or 255/M is 0 where max or M is below 1e-6. Other pixels are red (white if grey).
 * With `scaling` given, that of several images that are to be compared.
 * @throws RangeError when the shape is another.
 */
export function scaleImage(image: Float32Tensor, scaling?: Scaling): Picture {
  const [channels = 0, height = 0, width = 0] = image.shape;
  if (image.shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `an image to be shown is [1, rows, columns] or [3, rows, columns], this is ${describeType(image)}`,
    );
  }
  const pixels = Array.from({ length: height * width }, (_, pixel) =>
    Array.from({ length: channels }, (_, channel) => image.data[channel * height * width + pixel] ?? 0),
  );
  const allFinite = (pixel: readonly number[]) => pixel.every(Number.isFinite);
  const chosen = scaling ?? scalingOf(pixels.filter(allFinite).flat());
  const bytes = pixels.flatMap((pixel) =>
    allFinite(pixel) ? pixel.map((value) => toByte(value, chosen)) : badColour.slice(0, channels),
  );
  return { width, height, channels, data: Uint8Array.from(bytes) };
}

function scalingOf(values: readonly number[]): Scaling {
  const smallest = values.reduce((a, b) => Math.min(a, b), 0);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (smallest < 0) return aroundZero(Math.max(-smallest, largest));
  return { scale: largest < zeroThreshold ? 0 : 255 / largest, offset: 0 };
}

/** For values of both signs and at most this size. */
export function aroundZero(size: number): Scaling {
  return { scale: size < zeroThreshold ? 0 : 127 / size, offset: 128 };
}

/** In float32, as TensorFlow computes it. Clamped, for a scaling that is not of this image. */
function toByte(value: number, { scale, offset }: Scaling): number {
  const scaled = Math.fround(Math.fround(value * Math.fround(scale)) + offset);
  return Math.trunc(Math.min(Math.max(scaled, 0), 255));
}
