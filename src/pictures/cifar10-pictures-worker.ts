/** A thread that reads and decodes small, plain JPEG files. */
import { readRegularFileSync } from '../disk/regular-file.ts';
import { serve } from '../threads/serve.ts';
import { decodePlainJpeg, mostPlainBytes } from './plain-jpeg.ts';
import type { PlainMethods, PlainStart } from './plain-threads.ts';
import { writePlanes } from './planes.ts';

serve<PlainStart, PlainMethods>((imageSize) => ({
  decode: (paths) => {
    const size = 3 * imageSize ** 2;
    let planes = new Uint8Array(0);
    let count = 0;
    const places = paths.map((path) => {
      const pixels = decodedAt(path, imageSize);
      if (pixels === undefined) return -1;
      if (count === 0) planes = new Uint8Array(paths.length * size);
      writePlanes(planes.subarray(count * size, (count + 1) * size), pixels);
      return count++;
    });
    // A part of a buffer would keep all of it in memory.
    return { places, pixels: count === paths.length ? planes : planes.slice(0, count * size) };
  },
}));

/** Returns rows of pixels, or undefined for a file that cannot be read or is not a small, plain one. `decodePicture` finds out which. */
function decodedAt(path: string, imageSize: number): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readRegularFileSync(path, { maximumBytes: mostPlainBytes });
  } catch {
    return undefined;
  }
  return decodePlainJpeg(bytes, imageSize);
}
