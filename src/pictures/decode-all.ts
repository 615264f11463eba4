/** Decodes many pictures in parallel. */
import { resolve } from 'node:path';
import { requireRunning } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { decodePicture, PictureError } from './decode.ts';

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
 * @throws RunError when the decoder is not installed
 * @throws StoppedError when the signal is aborted */
export function decodeAll(
  root: string,
  paths: readonly string[],
  imageSize: number,
  { signal, onProgress }: DecodeOptions,
): Promise<readonly Decoded[]> {
  let [done, reported] = [0, 0];
  return eachOf(paths, atOnce, async (path) => {
    requireRunning(signal);
    const decoded = await decodedAt(resolve(root, path), imageSize);
    done++;
    if (done === paths.length || performance.now() - reported >= reportMillis) {
      reported = performance.now();
      onProgress(done);
    }
    return decoded;
  });
}

async function decodedAt(path: string, imageSize: number): Promise<Decoded> {
  try {
    return await decodePicture(path, imageSize);
  } catch (error) {
    if (error instanceof PictureError) return error.message;
    throw error;
  }
}
