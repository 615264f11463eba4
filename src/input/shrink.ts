/** Makes smaller images of images: every pixel is the mean of the area that it covers. */
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import type { ImageMaker } from './augmentation.ts';

/** The images of the first steps of a run. */
export interface EarlyImages {
  /** Their shape [C, H, W], which is smaller than that of the other images. */
  readonly imageShape: Shape;
  /** The number of steps with such images. */
  readonly steps: number;
}

/** The pixels of a line that one pixel of the shorter line covers, and their shares, which add up to 1. */
interface Cover {
  readonly first: number;
  readonly shares: readonly number[];
}

/** Makes training images as `maker` does, and shrinks them to another height and width.
 * @returns a function that overwrites `image` [C, height, width] */
export function shrunkTraining(
  { shape, training }: Pick<ImageMaker, 'shape' | 'training'>,
  [, height = 1, width = 1]: Shape,
): ImageMaker['training'] {
  const [channels, fullHeight, fullWidth] = shape;
  const full = new Float32Array(sizeOf(shape));
  const [rows, columns] = [coversOf(fullHeight, height), coversOf(fullWidth, width)];
  return (image, pixels, draw) => {
    training(full, pixels, draw);
    let to = 0;
    for (let channel = 0; channel < channels; channel++)
      for (const row of rows)
        for (const column of columns) image[to++] = meanOf(channel * fullHeight, row, column);
  };

  /** Returns the mean of a rectangle. @param top the first row of the channel */
  function meanOf(top: number, row: Cover, column: Cover): number {
    const [{ length: height }, { length: width }] = [row.shares, column.shares];
    let mean = 0;
    for (let y = 0; y < height; y++) {
      const start = (top + row.first + y) * fullWidth + column.first;
      const ofRow = row.shares[y] as number;
      for (let x = 0; x < width; x++)
        mean += ofRow * (column.shares[x] as number) * (full[start + x] as number);
    }
    return mean;
  }
}

/** Returns what each pixel of a line of `short` pixels covers of a line of `long` pixels. */
function coversOf(long: number, short: number): readonly Cover[] {
  return Array.from({ length: short }, (_, index) => {
    // In units of 1 / short of a long pixel, so that the borders are whole numbers.
    const [from, to] = [index * long, (index + 1) * long];
    const [first, last] = [Math.floor(from / short), Math.ceil(to / short)];
    const shares = Array.from({ length: last - first }, (__, offset) => {
      const pixel = (first + offset) * short;
      return (Math.min(to, pixel + short) - Math.max(from, pixel)) / long;
    });
    return { first, shares };
  });
}
