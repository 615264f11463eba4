/** Small picture files for tests, made with the decoder's own library. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { noiseImage } from './examples.ts';

/** Returns a picture of noise.
 * @param seed pictures with different seeds differ */
export function noisePicture(seed: number, width = 32, height = 32): Sharp {
  const pixels = noiseImage(seed, [3, height, width]);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Writes a file, and creates its folder. */
export function writeIn(folder: string, path: string, bytes: string | Uint8Array): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

/** Writes PNG files of noise, `1.png`, `2.png` …, to a class folder.
 * @param seed the seed of the first; those of the others follow */
export async function writeClass(folder: string, name: string, count: number, seed: number): Promise<void> {
  for (let index = 0; index < count; index++)
    writeIn(
      folder,
      `${name}/${index + 1}.png`,
      await noisePicture(seed + index)
        .png()
        .toBuffer(),
    );
}
