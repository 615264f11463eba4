import type { ImageShape } from '../data/record.ts';

/** Returns the mirror image: left and right are exchanged.
 * @param pixels [C, H, W] */
export function mirrored(pixels: Uint8Array, [, , width]: ImageShape): Uint8Array {
  const flipped = new Uint8Array(pixels.length);
  for (let row = 0; row < pixels.length; row += width)
    for (let column = 0; column < width; column++)
      flipped[row + column] = pixels[row + width - 1 - column] as number;
  return flipped;
}
