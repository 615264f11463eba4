/**
 * Decoded pictures of any size → the square pictures that a model takes, as `pictures/decode.ts` makes them in Node.js: laid over
 * white, resized so that the shorter side has S pixels, and cropped to the central square. The bytes are those of Node.js, except for
 * large JPEG files, whose decoder in Node.js reduces them before it returns pixels. A picture that already has the size keeps its pixels.
 */
import { UsageError } from '../errors.ts';
import type { Pixels } from '../pictures/decode.ts';
import { enlarged, reduced, type Samples } from './resample.ts';

/** The red, green and blue of the pixels of a picture, [height, width, 3]. */
interface Rgb {
  readonly data: Samples['data'];
  readonly width: number;
  readonly height: number;
}

/** @returns the red, green and blue of each pixel, [size, size, 3]
 * @throws UsageError when the length of the data does not fit the size of the picture */
export function fitToSquare(picture: Pixels, size: number): Uint8Array {
  const opaque = overWhite(picture);
  const factor = Math.min(opaque.width, opaque.height) / size;
  if (factor === 1) return centerOf(opaque, size);
  // libvips reduces the columns first, and enlarges the rows first.
  const resized =
    factor > 1
      ? alongRows(alongColumns(opaque, factor, reduced), factor, reduced)
      : alongColumns(alongRows(opaque, factor, enlarged), factor, enlarged);
  return centerOf(resized, size);
}

type Resize = (samples: Samples, factor: number) => Samples;

function alongColumns({ data, width, height }: Rgb, factor: number, resize: Resize): Rgb {
  const resized = resize({ data, outer: 1, length: height, inner: 3 * width }, factor);
  return { data: resized.data, width, height: resized.length };
}

function alongRows({ data, width, height }: Rgb, factor: number, resize: Resize): Rgb {
  const resized = resize({ data, outer: height, length: width, inner: 3 }, factor);
  return { data: resized.data, width: resized.length, height };
}

/** Removes the alpha channel. */
function overWhite({ data, width, height }: Pixels): Rgb {
  const channels = data.length / (width * height);
  if (channels === 3) return { data: Uint8Array.from(data), width, height };
  if (channels !== 4)
    throw new UsageError(
      `picture: found ${data.length} bytes of pixels, expected 3 or 4 for each of the ${width} × ${height} pixels`,
    );
  const opaque = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const alpha = data[from + 3] as number;
    for (let channel = 0; channel < 3; channel++)
      opaque[to++] = Math.trunc(((data[from + channel] as number) * alpha + 255 * (255 - alpha)) / 255);
  }
  return { data: opaque, width, height };
}

/** Returns the central square. */
function centerOf({ data, width, height }: Rgb, size: number): Uint8Array {
  const skipped = (pixels: number) => Math.floor((pixels - size + 1) / 2);
  const [left, top] = [skipped(width), skipped(height)];
  const square = new Uint8ClampedArray(3 * size * size);
  for (let row = 0; row < size; row++) {
    const from = 3 * ((top + row) * width + left);
    square.set(data.subarray(from, from + 3 * size), 3 * row * size);
  }
  return new Uint8Array(square.buffer);
}
