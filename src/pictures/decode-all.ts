/** Decodes many pictures in parallel: first the small, plain JPEG files in threads, then all others with libvips. */
import { resolve } from 'node:path';
import { requireRunning } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { decodePicture, PictureError } from './decode.ts';
import { decodePlainFiles } from './plain-threads.ts';

/** How many pictures are decoded at once. libvips decodes in the threads of libuv, of which there are four by default; the others
 * are being read or prepared. */
const atOnce = 8;
/** The time between reports of progress. */
const reportMillis = 100;

/** The pixels [3, S, S] of a picture, or the reason why it could not be decoded. */
export type Decoded = Uint8Array | string;

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called a few times per second with the number of decoded pictures, and at the end. */
  readonly onProgress: (done: number) => void;
}

/** Decodes the pictures at these paths.
 * @param root the folder that relative paths start from
 * @returns one result for each path, in order
 * @throws RunError when the decoder is not installed, or the machine has no room for another thread
 * @throws StoppedError when the signal is aborted */
export async function decodeAll(
  root: string,
  paths: readonly string[],
  imageSize: number,
  { signal, onProgress }: DecodeOptions,
): Promise<readonly Decoded[]> {
  const places = paths.map((path) => resolve(root, path));
  const onDecoded = progressOf(paths.length, onProgress);
  const results: (Decoded | undefined)[] = await decodePlainFiles(places, imageSize, { signal, onDecoded });
  return eachOf(places, atOnce, async (place, index) => {
    const result = results[index];
    if (result !== undefined) return result;
    requireRunning(signal);
    const decoded = await decodedAt(place, imageSize);
    onDecoded(1);
    return decoded;
  });
}

/** Returns a function that adds to the number of decoded pictures, and reports it from time to time. */
function progressOf(all: number, onProgress: (done: number) => void): (count: number) => void {
  let [done, reported] = [0, 0];
  return (count) => {
    done += count;
    if (done < all && performance.now() - reported < reportMillis) return;
    reported = performance.now();
    onProgress(done);
  };
}

async function decodedAt(path: string, imageSize: number): Promise<Decoded> {
  try {
    return await decodePicture(path, imageSize);
  } catch (error) {
    if (error instanceof PictureError) return error.message;
    throw error;
  }
}
