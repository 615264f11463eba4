/**
 * Decoded pictures of any size → the square pictures that a model takes, as `pictures/decode.ts` makes them in Node.js: laid over
 * white, resized so that the shorter side has S pixels, and cropped to the central square. The filters are those of the decoder in
 * Node.js (libvips). The results differ slightly, because the decoder rounds more often. A picture that already has the size keeps its pixels.
 */
import { UsageError } from '../errors.ts';
import type { Pixels } from '../pictures/decode.ts';

/** The pixels of a picture, [height, width, 3]. */
interface Rgb {
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array;
  readonly width: number;
  readonly height: number;
}

/** @returns the red, green and blue of each pixel, [size, size, 3], 0 … 255
 * @throws UsageError when the length of the data does not fit the size of the picture */
export function fitToSquare(picture: Pixels, size: number): Uint8Array | Uint8ClampedArray {
  const opaque = overWhite(picture);
  const { width, height } = opaque;
  if (width === size && height === size) return Uint8Array.from(opaque.data);
  const side = Math.min(width, height);
  const narrow = alongRows(opaque, tapsOf(width, side, size));
  return Uint8ClampedArray.from(alongColumns(narrow, tapsOf(height, side, size)).data, Math.round);
}

/** Removes the alpha channel. */
function overWhite({ data, width, height }: Pixels): Rgb {
  const channels = data.length / (width * height);
  if (channels === 3) return { data, width, height };
  if (channels !== 4)
    throw new UsageError(
      `picture: found ${data.length} bytes of pixels, expected 3 or 4 for each of the ${width} × ${height} pixels`,
    );
  const opaque = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const alpha = (data[from + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel++)
      opaque[to++] = Math.round((data[from + channel] as number) * alpha + 255 * (1 - alpha));
  }
  return { data: opaque, width, height };
}

/** The pixels along an axis that make one pixel of the result, and their weights, which add up to 1. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** A filter that resizes: its values, and its width on each side. */
interface Filter {
  readonly reach: number;
  readonly at: (x: number) => number;
  /** Where in a pixel of the result its center is. */
  readonly center: number;
}

/** sinc(x) · sinc(x / 3) for |x| < 3. */
const lanczos: Filter = {
  reach: 3,
  at: (x) => {
    if (x === 0) return 1;
    const angle = Math.PI * x;
    return Math.abs(x) >= 3 ? 0 : (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
  },
  center: 0.5,
};

/** The cubic convolution of Catmull and Rom. libvips enlarges with it, and shifts the picture by half a pixel. */
const cubic: Filter = {
  reach: 2,
  at: (x) => {
    const d = Math.abs(x);
    if (d < 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
    return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
  },
  center: 0,
};

/** Returns the taps of each pixel of the result, which is the center of the resized picture.
 * @param pixels the number of pixels along the axis
 * @param side the number of pixels of the shorter side, which becomes `size`
 * @param size the number of pixels of the result */
function tapsOf(pixels: number, side: number, size: number): readonly Taps[] {
  const resized = Math.max(size, Math.round((pixels * size) / side));
  const [scale, filter] = side < size ? [side / size, cubic] : [pixels / resized, lanczos];
  const width = Math.max(1, scale);
  const skipped = Math.floor((resized - size + 1) / 2);
  return Array.from({ length: size }, (_, index) => {
    const center = (skipped + index + filter.center) * scale;
    const first = Math.max(0, Math.floor(center - filter.reach * width));
    const last = Math.min(pixels, Math.ceil(center + filter.reach * width));
    const weights = Float64Array.from({ length: last - first }, (_, tap) =>
      filter.at((first + tap + 0.5 - center) / width),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Resizes every row. */
function alongRows({ data, width, height }: Rgb, columns: readonly Taps[]): Rgb {
  const resized = new Float32Array(3 * columns.length * height);
  let to = 0;
  for (let row = 0; row < height; row++)
    for (const { first, weights } of columns)
      for (let channel = 0; channel < 3; channel++)
        resized[to++] = weighted(data, 3 * (row * width + first) + channel, 3, weights);
  return { data: resized, width: columns.length, height };
}

/** Resizes every column. */
function alongColumns({ data, width }: Rgb, rows: readonly Taps[]): Rgb {
  const resized = new Float32Array(3 * width * rows.length);
  let to = 0;
  for (const { first, weights } of rows)
    for (let column = 0; column < 3 * width; column++)
      resized[to++] = weighted(data, 3 * width * first + column, 3 * width, weights);
  return { data: resized, width, height: rows.length };
}

function weighted(data: Rgb['data'], start: number, stride: number, weights: Float64Array): number {
  let sum = 0;
  for (let tap = 0, at = start; tap < weights.length; tap++, at += stride)
    sum += (data[at] as number) * (weights[tap] as number);
  return sum;
}
