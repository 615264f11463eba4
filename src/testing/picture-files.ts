/** Files of pictures for tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ImageShape } from '../data/record.ts';
import { pictureOfPlanes } from '../summary/picture.ts';
import { encodeImage } from '../summary/png.ts';
import { noiseImage } from './examples.ts';

/** Returns a PNG file of an image [C, H, W]. */
export function pngOf(planes: Uint8Array, shape: ImageShape = [3, 32, 32]): Uint8Array {
  return encodeImage(pictureOfPlanes(planes, shape)).png;
}

/** Returns a PNG file of noise. */
export function noisePng(seed: number, shape: ImageShape = [3, 32, 32]): Uint8Array {
  return pngOf(noiseImage(seed, shape), shape);
}

/** Writes files, with their folders. */
export async function writeFiles(files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** Why tests that decode pictures are skipped, or false if they can run: sharp is an optional package. */
export const withoutDecoder: string | false = await import('sharp').then(
  () => false,
  () => 'the package sharp is not installed',
);
