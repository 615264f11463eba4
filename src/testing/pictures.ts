/** Small picture files for tests, made by the library that also decodes them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Sharp } from 'sharp';
import { noiseImage } from './examples.ts';

const sharp = await import('sharp').then(
  ({ default: found }) => found,
  () => undefined,
);

/** Options of tests that decode pictures: they are skipped if the decoder is not installed. */
export const needsDecoder: { readonly skip?: string } =
  sharp === undefined ? { skip: 'the optional package sharp is not installed' } : {};

/** Makes a picture from rows of pixels with 1 to 4 channels. */
export function pictureOf(
  pixels: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
): Sharp {
  if (sharp === undefined) throw new Error('sharp is not installed');
  return sharp(pixels, { raw: { width, height, channels } });
}

/** Makes a picture of noise. Pictures with different seeds differ. */
export function noisePicture(seed: number, width = 32, height = 32): Sharp {
  return pictureOf(noiseImage(seed, [3, height, width]), width, height, 3);
}

/** Makes a picture of one color. */
export function plainPicture(color: string, width: number, height: number): Sharp {
  if (sharp === undefined) throw new Error('sharp is not installed');
  return sharp({ create: { width, height, channels: 3, background: color } });
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

/** Returns the beginning of a PNG file whose header claims a size. */
export function hugePng(width: number, height: number): Uint8Array {
  const bytes = Buffer.alloc(64);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.set([8, 2, 0, 0, 0], 24);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  Buffer.from('0000100049444154789c', 'hex').copy(bytes, 33);
  return bytes;
}

/** The checksum of PNG (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
