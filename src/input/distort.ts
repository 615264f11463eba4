/**
 * Makes crops of images, mirrors them, changes brightness and contrast, and normalizes them. Pixels outside the stored image
 * are black (0, before normalization), as with torchvision's `RandomCrop(padding)` before `ToTensor` and `Normalize`.
 * Everything is computed in float64 and rounded to float32 once. A training image needs one or two passes over its pixels.
 */
import type { ImageShape } from '../data/record.ts';
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';
import { sameShape } from '../tensor/tensor.ts';
import type { Draw, ImageMaker, ImageShapes } from './augmentation.ts';
import type { Affine, Moments, Normalizer, Tone } from './normalization.ts';

/** How the image of one example in one epoch is made. */
export interface Distortion extends Tone {
  /** The offsets of the crop in the image of the record. Any part of the crop that is outside that image, for example because
   * an offset is negative, is black. */
  readonly row: number;
  readonly column: number;
  /** Whether the crop is mirrored horizontally. */
  readonly flipped: boolean;
}

/** Whether an image has as many channels as the image of the record, and is at most as high and as wide. */
export function isWithin([channels, height, width]: ImageShape, record: ImageShape): boolean {
  return channels === record[0] && height <= record[1] && width <= record[2];
}

/** Makes training images with random distortions, and central crops for evaluation.
 * @param distortionOf returns the distortion of a training image. It must depend only on its argument */
export function distortedImages(
  shapes: ImageShapes,
  normalizer: Normalizer,
  distortionOf: (draw: Draw) => Distortion,
): ImageMaker {
  return {
    shape: shapes.image,
    training: (image, pixels, draw) => distort(image, pixels, shapes, distortionOf(draw), normalizer),
    evaluation: (image, pixels) => center(image, pixels, shapes, normalizer),
    addEvaluation: (op, pixels) => addCenter(op, pixels, shapes, normalizer),
  };
}

/** Makes the normalized central crop. */
export function center(
  image: Float32Array,
  pixels: Uint8Array,
  shapes: ImageShapes,
  { normalize }: Normalizer,
): void {
  copyCrop(image, pixels, shapes, ...centerOf(shapes));
  normalize(image);
}

/** Adds `center` to a graph.
 * @param pixels float32 [N, C, H, W] of values 0 … 255 */
export function addCenter(op: Apply, pixels: Value, shapes: ImageShapes, { addTo }: Normalizer): Value {
  const [row, column] = centerOf(shapes);
  const size = [pixels.shape[0] ?? 0, ...shapes.image];
  const slice = { begin: [0, 0, row, column], size, strides: [1, 1, 1, 1] };
  return addTo(
    op,
    sameShape(shapes.image, shapes.record) ? pixels : op('StridedSlice', { x: pixels }, slice),
  );
}

/** Returns the offsets of the central crop. */
function centerOf({ record, image }: ImageShapes): readonly [row: number, column: number] {
  return [Math.floor((record[1] - image[1]) / 2), Math.floor((record[2] - image[2]) / 2)];
}

/** Copies a crop that is entirely inside the image of the record. Values remain in 0 … 255. */
export function copyCrop(
  image: Float32Array,
  pixels: Uint8Array,
  { record: [, rows, columns], image: [channels, height, width] }: ImageShapes,
  row: number,
  column: number,
): void {
  let to = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      const from = (channel * rows + row + y) * columns + column;
      for (let x = 0; x < width; x++) image[to++] = pixels[from + x] as number;
    }
  }
}

/** Crops, flips, changes brightness and contrast, and normalizes. */
export function distort(
  image: Float32Array,
  pixels: Uint8Array,
  shapes: ImageShapes,
  distortion: Distortion,
  { needsMoments, combined }: Normalizer,
): void {
  const window = windowOf(shapes, distortion);
  const moments = needsMoments || distortion.contrast !== 1 ? momentsOf(pixels, window) : undefined;
  const maps = combined(distortion, moments, image.length);
  for (let channel = 0; channel < window.channels; channel++)
    mapCrop(image, pixels, channel, window, distortion.flipped, maps[channel] as Affine);
}

/** A crop, and the part of it that is inside the image of the record. */
interface Window {
  readonly channels: number;
  /** The numbers of rows and columns of the image of the record. */
  readonly rows: number;
  readonly columns: number;
  /** The numbers of rows and columns of the crop. */
  readonly height: number;
  readonly width: number;
  /** The offsets of the crop in the image of the record. */
  readonly row: number;
  readonly column: number;
  /** Rows `top` to `bottom - 1` and columns `left` to `right - 1` of the crop are inside the image of the record. */
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

function windowOf(shapes: ImageShapes, { row, column }: Distortion): Window {
  const [, rows, columns] = shapes.record;
  const [channels, height, width] = shapes.image;
  const [top, left] = [Math.max(0, -row), Math.max(0, -column)];
  const bottom = Math.max(top, Math.min(height, rows - row));
  const right = Math.max(left, Math.min(width, columns - column));
  return { channels, rows, columns, height, width, row, column, top, bottom, left, right };
}

/** Computes the moments of a crop. The sums in them are exact, because the pixels are bytes. */
function momentsOf(pixels: Uint8Array, window: Window): Moments {
  const { channels, height, width } = window;
  const means: number[] = [];
  let variance = 0;
  for (let channel = 0; channel < channels; channel++) {
    const [sum, squares] = cropSums(pixels, channel, window);
    const mean = sum / (height * width);
    means.push(mean);
    variance += (squares / (height * width) - mean * mean) / channels;
  }
  return { means, variance };
}

/** Returns the sum and the sum of squares of the pixels of one channel of a crop. */
function cropSums(
  pixels: Uint8Array,
  channel: number,
  { rows, columns, row, column, top, bottom, left, right }: Window,
): readonly [sum: number, squares: number] {
  let sum = 0;
  let squares = 0;
  for (let y = top; y < bottom; y++) {
    const start = (channel * rows + row + y) * columns + column;
    let squaresOfRow = 0;
    for (let x = start + left; x < start + right; x++) {
      const value = pixels[x] as number;
      sum = (sum + value) | 0;
      squaresOfRow = (squaresOfRow + Math.imul(value, value)) | 0;
    }
    squares += squaresOfRow;
  }
  return [sum, squares];
}

/** Computes factor · x + offset for the pixels x of one channel of a crop. Rows are mirrored if the crop is flipped. */
function mapCrop(
  image: Float32Array,
  pixels: Uint8Array,
  channel: number,
  window: Window,
  flipped: boolean,
  { factor, offset }: Affine,
): void {
  const { rows, columns, height, width, row, column, top, bottom, left, right } = window;
  if (bottom - top < height || right - left < width)
    image.fill(offset, channel * height * width, (channel + 1) * height * width);
  const direction = flipped ? -1 : 1;
  for (let y = top; y < bottom; y++) {
    const start = (channel * rows + row + y) * columns + column;
    let to = (channel * height + y) * width + (flipped ? width - 1 - left : left);
    for (let x = start + left; x < start + right; x++) {
      image[to] = (pixels[x] as number) * factor + offset;
      to += direction;
    }
  }
}
