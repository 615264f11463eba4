/**
 * What happens to one image on its way to the network, as in the tutorial: crop, flip, brightness, contrast,
 * whitening, in this order. Every function works in place on an `image` of [3, 24, 24] float32, channel planes one
 * after the other, so that a batch is filled without a copy; sums are taken in double precision.
 *
 * Whitening undoes the brightness step (rounding aside), which the tutorial has nevertheless and so have we. Of the
 * contrast step a change of the spread within channels against the offsets between them survives.
 */
import { imageChannels, imageSize } from '../data/record.ts';
import { RandomStream } from '../tensor/random.ts';

/** Rows, and columns, of what the network sees. */
export const croppedSize = 24;
const planeSize = croppedSize * croppedSize;
/** Values of a cropped image. */
export const croppedValues: number = imageChannels * planeSize;
/** Offsets of a crop are 0 … 8. */
const offsets = imageSize - croppedSize + 1;

export interface Distortion {
  /** Offsets of the crop, 0 … 8 each. */
  readonly row: number;
  readonly column: number;
  /** Whether left and right change places. */
  readonly flipped: boolean;
  /** Added to every value, in [-63, 63). */
  readonly brightness: number;
  /** By which values stretch about their channel's mean, in [0.2, 1.8). */
  readonly contrast: number;
}

/** The distortion that one example gets in one epoch. */
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

/** Copies 24 by 24 pixels of [3, 32, 32], from the given offsets on. Values stay 0 … 255. */
export function crop(image: Float32Array, pixels: Uint8Array, row: number, column: number): void {
  let to = 0;
  for (let channel = 0; channel < imageChannels; channel++) {
    for (let y = 0; y < croppedSize; y++) {
      const from = (channel * imageSize + row + y) * imageSize + column;
      for (let x = 0; x < croppedSize; x++) image[to++] = pixels[from + x] as number;
    }
  }
}

/** Mirrors every row. */
export function flip(image: Float32Array): void {
  for (let start = 0; start < croppedValues; start += croppedSize) {
    for (let left = start, right = start + croppedSize - 1; left < right; left++, right--) {
      const value = image[left] as number;
      image[left] = image[right] as number;
      image[right] = value;
    }
  }
}

/** x + delta, not clipped. */
export function adjustBrightness(image: Float32Array, delta: number): void {
  for (let i = 0; i < croppedValues; i++) image[i] = (image[i] as number) + delta;
}

/** (x - m) factor + m with m the mean of x's channel, not clipped. */
export function adjustContrast(image: Float32Array, factor: number): void {
  for (let start = 0; start < croppedValues; start += planeSize) {
    const end = start + planeSize;
    let sum = 0;
    for (let i = start; i < end; i++) sum += image[i] as number;
    const mean = sum / planeSize;
    for (let i = start; i < end; i++) image[i] = ((image[i] as number) - mean) * factor + mean;
  }
}

/**
 * (x - m) / max(s, 1/√1728), with m and s mean and standard deviation of the image's 1,728 values. The floor keeps
 * an image of one colour from being divided by zero: it becomes zeros.
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

/** The whole way of a training image. `pixels` is [3, 32, 32]. */
export function distort(image: Float32Array, pixels: Uint8Array, distortion: Distortion): void {
  crop(image, pixels, distortion.row, distortion.column);
  if (distortion.flipped) flip(image);
  adjustBrightness(image, distortion.brightness);
  adjustContrast(image, distortion.contrast);
  whiten(image);
}

/** The whole way of an image that is evaluated: its middle, whitened. `pixels` is [3, 32, 32]. */
export function centre(image: Float32Array, pixels: Uint8Array): void {
  const offset = (imageSize - croppedSize) / 2;
  crop(image, pixels, offset, offset);
  whiten(image);
}
