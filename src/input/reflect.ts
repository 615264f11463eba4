/** Crops that may extend beyond the image of a record. The pixels outside are those inside, reflected at the border: the first row
 * outside is the second row inside, as with PyTorch's padding mode `reflect`. */
import type { ImageShapes } from './augmentation.ts';
import { distort } from './distort.ts';
import { type Normalizer, unchangedTone } from './normalization.ts';

/** Where a crop is. */
export interface Placement {
  /** The offsets of the crop in the image of the record, which may be negative. */
  readonly row: number;
  readonly column: number;
  /** Whether the crop is mirrored horizontally. */
  readonly flipped: boolean;
}

/** Returns a function that makes the normalized crop of a record. */
export function reflectedImage(
  { record, image: shape }: ImageShapes,
  normalizer: Normalizer,
): (image: Float32Array, pixels: Uint8Array, placement: Placement) => void {
  const [, rows, columns] = record;
  const [channels, height, width] = shape;
  const crop = new Uint8Array(channels * height * width);
  const columnsOf = new Int32Array(width);
  const unmoved = { ...unchangedTone, row: 0, column: 0, flipped: false };
  return (image, pixels, { row, column, flipped }) => {
    for (let x = 0; x < width; x++) columnsOf[flipped ? width - 1 - x : x] = reflected(column + x, columns);
    let to = 0;
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < height; y++) {
        const start = (channel * rows + reflected(row + y, rows)) * columns;
        for (let x = 0; x < width; x++) crop[to++] = pixels[start + (columnsOf[x] as number)] as number;
      }
    distort(image, crop, { record: shape, image: shape }, unmoved, normalizer);
  };
}

/** Returns the index, 0 … size - 1, that an index becomes when it is reflected at the first and the last one. It may be outside by up
 * to size - 1. */
export function reflected(index: number, size: number): number {
  if (index < 0) return -index;
  return index < size ? index : 2 * (size - 1) - index;
}
