/** Float images → 8-bit images, with TensorFlow's scaling (core/kernels/summary_image_op.cc, NormalizeFloatImage). */
import { describeType, type Float32Tensor } from '../tensor/tensor.ts';
import type { Color, Picture } from './picture.ts';

/** TensorFlow's color for pixels with a channel that is not finite. Gray images use its first number. */
const badColor: Color = [255, 0, 0];
/** An image whose largest absolute value is smaller than this counts as empty. */
const zeroThreshold = 1e-6;

/** A linear scaling: value·scale + offset is between 0 and 255. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
}

/**
 * Scales an image [C, H, W] with 1 or 3 channels and values of any range. m and M are the minimum and the maximum over those
 * pixels whose channels are all finite:
 *
 *     m < 0    v·127/max(|m|, |M|) + 128, so that 0 is medium gray
 *     m ≥ 0    v·255/M
 *
 * The results are truncated to integers. The factor 127/max or 255/M is 0 if max or M is below 1e-6. Pixels with a channel
 * that is not finite are red (white in gray images). `scaling` replaces this scaling for images that are to be compared.
 * @throws RangeError for any other shape
 */
export function scaleImage(image: Float32Tensor, scaling?: Scaling): Picture {
  const [channels = 0, height = 0, width = 0] = image.shape;
  if (image.shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `an image must be [1, rows, columns] or [3, rows, columns], found ${describeType(image)}`,
    );
  }
  const pixels = Array.from({ length: height * width }, (_, pixel) =>
    Array.from({ length: channels }, (_, channel) => image.data[channel * height * width + pixel] ?? 0),
  );
  const allFinite = (pixel: readonly number[]) => pixel.every(Number.isFinite);
  const chosen = scaling ?? scalingOf(pixels.filter(allFinite).flat());
  const bytes = pixels.flatMap((pixel) =>
    allFinite(pixel) ? pixel.map((value) => toByte(value, chosen)) : badColor.slice(0, channels),
  );
  return { width, height, channels, data: Uint8Array.from(bytes) };
}

function scalingOf(values: readonly number[]): Scaling {
  const smallest = values.reduce((a, b) => Math.min(a, b), 0);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (smallest < 0) return aroundZero(Math.max(-smallest, largest));
  return { scale: largest < zeroThreshold ? 0 : 255 / largest, offset: 0 };
}

/** Returns the scaling for values of both signs whose absolute values are at most `size`. */
export function aroundZero(size: number): Scaling {
  return { scale: size < zeroThreshold ? 0 : 127 / size, offset: 128 };
}

/** Scales a value in float32, as TensorFlow does. The result is clamped, because the scaling may be that of another image. */
function toByte(value: number, { scale, offset }: Scaling): number {
  const scaled = Math.fround(Math.fround(value * Math.fround(scale)) + offset);
  return Math.trunc(Math.min(Math.max(scaled, 0), 255));
}
