/**
 * The tutorial's preprocessing of one image: crop, flip, brightness, contrast, whitening, in this order. Functions work in place
 * on an `image` of [3, 24, 24] float32, so that a batch is filled without copying; sums are computed in float64.
 *
 * Whitening cancels the change in brightness, which we keep because the tutorial has it. Of the change in contrast, only the
 * ratio between the spread within channels and the offsets between channels remains.
 */
import { imageChannels, imageSize } from '../data/record.ts';
import { RandomStream } from '../tensor/random.ts';

/** Height and width of the network's input. */
export const croppedSize = 24;
const planeSize = croppedSize * croppedSize;
/** Number of values of a cropped image. */
export const croppedValues: number = imageChannels * planeSize;
/** Offsets of a crop are 0 … 8. */
const offsets = imageSize - croppedSize + 1;

export interface Distortion {
  /** Offsets of the crop, 0 … 8 each. */
  readonly row: number;
  readonly column: number;
  /** Whether the image is mirrored horizontally. */
  readonly flipped: boolean;
  /** Added to every value, in [-63, 63). */
  readonly brightness: number;
  /** Factor of the distance from the channel's mean, in [0.2, 1.8). */
  readonly contrast: number;
}

/** The distortion of one example in one epoch. */
export function drawDistortion(seed: number, epoch: number, example: number): Distortion {
  const crop = new RandomStream(seed, 'crop', epoch, example);
  return {
    row: crop.below(offsets),
    column: crop.below(offsets),
    flipped: new RandomStream(seed, 'flip', epoch, example).below(2) === 1,
    brightness: new RandomStream(seed, 'brightness', epoch, example).between(-63, 63),
    contrast: new RandomStream(seed, 'contrast', epoch, example).between(0.2, 1.8),
  };
}

/** Copies 24 × 24 pixels of [3, 32, 32] at the given offsets. Values stay 0 … 255. */
export function crop(image: Float32Array, pixels: Uint8Array, row: number, column: number): void {
  let to = 0;
  for (let channel = 0; channel < imageChannels; channel++) {
    for (let y = 0; y < croppedSize; y++) {
      const from = (channel * imageSize + row + y) * imageSize + column;
      for (let x = 0; x < croppedSize; x++) image[to++] = pixels[from + x] as number;
    }
  }
}

/**
 * (x - m) / max(s, 1/√1728), with m and s the mean and standard deviation of the image's 1,728 values. The lower bound avoids a
 * division by zero: an image of one colour becomes zeros.
 */
export function whiten(image: Float32Array): void {
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0; i < croppedValues; i++) {
    const value = image[i] as number;
    sum += value;
    sumOfSquares += value * value;
  }
  const mean = sum / croppedValues;
  const variance = Math.max(sumOfSquares / croppedValues - mean * mean, 0);
  const scale = 1 / Math.max(Math.sqrt(variance), 1 / Math.sqrt(croppedValues));
  for (let i = 0; i < croppedValues; i++) image[i] = ((image[i] as number) - mean) * scale;
}

/**
 * The complete preprocessing of a training image: crop, flip, brightness, contrast and whitening in two passes over the pixels.
 * With x a channel's pixels in the crop, m_c their mean, v_c their variance and f the contrast, the image before
 * whitening is f·(x - m_c) + m_c + brightness. Its mean is M = mean of m_c + brightness, its variance
 * V = f²·(mean of v_c) + (mean of (m_c + brightness - M)²), so
 *
 *     y = (f·(x - m_c) + m_c + brightness - M) / max(√V, 1/√1728)
 *
 * where the brightness cancels. Sums of bytes are exact. `pixels` is [3, 32, 32].
 */
export function distort(image: Float32Array, pixels: Uint8Array, distortion: Distortion): void {
  const { row, column, contrast } = distortion;
  const means = [0, 0, 0];
  let variance = 0;
  for (let channel = 0; channel < imageChannels; channel++) {
    const [sum, squares] = cropSums(pixels, channel, row, column);
    const mean = sum / planeSize;
    means[channel] = mean;
    variance += (squares / planeSize - mean * mean) / imageChannels;
  }
  const whole = means.reduce((a, b) => a + b, 0) / imageChannels;
  const between = means.reduce((sum, mean) => sum + (mean - whole) ** 2, 0) / imageChannels;
  const deviation = Math.sqrt(Math.max(contrast ** 2 * variance + between, 0));
  const scale = 1 / Math.max(deviation, 1 / Math.sqrt(croppedValues));
  means.forEach((mean, channel) => {
    const offset = ((1 - contrast) * mean - whole) * scale;
    affineCrop(image, pixels, channel, distortion, contrast * scale, offset);
  });
}

/** Sum and sum of squares of a channel's pixels in a crop. */
function cropSums(
  pixels: Uint8Array,
  channel: number,
  row: number,
  column: number,
): readonly [sum: number, squares: number] {
  let sum = 0;
  let squares = 0;
  for (let y = 0; y < croppedSize; y++) {
    const from = (channel * imageSize + row + y) * imageSize + column;
    for (let x = from; x < from + croppedSize; x++) {
      const value = pixels[x] as number;
      sum = (sum + value) | 0;
      squares = (squares + Math.imul(value, value)) | 0;
    }
  }
  return [sum, squares];
}

/** factor · x + offset of a channel's pixels in a crop, with mirrored rows if flipped. */
function affineCrop(
  image: Float32Array,
  pixels: Uint8Array,
  channel: number,
  { row, column, flipped }: Distortion,
  factor: number,
  offset: number,
): void {
  const direction = flipped ? -1 : 1;
  for (let y = 0; y < croppedSize; y++) {
    const from = (channel * imageSize + row + y) * imageSize + column;
    let to = (channel * croppedSize + y) * croppedSize + (flipped ? croppedSize - 1 : 0);
    for (let x = from; x < from + croppedSize; x++) {
      image[to] = (pixels[x] as number) * factor + offset;
      to += direction;
    }
  }
}

/** The complete preprocessing of an evaluated image: central crop, whitened. `pixels` is [3, 32, 32]. */
export function centre(image: Float32Array, pixels: Uint8Array): void {
  const offset = (imageSize - croppedSize) / 2;
  crop(image, pixels, offset, offset);
  whiten(image);
}
