/**
 * Initial filters that whiten patches of images: their outputs on the training images are uncorrelated and have nearly the same
 * variance. K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.1, after D. Page, "How to
 * Train Your ResNet", 2018, and T. Dias, hlb-CIFAR10, 2023.
 */
import { aNumberWithin, aWholeNumber, type OptionChecks, required, requireOptions } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';
import type { Initializer } from './initializers.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Options of `whiteningInit`. */
export interface WhiteningOptions {
  /** The number of training images, of which all patches are used. */
  readonly images: number;
  /** A number that is added to the variances, so that directions with little variance are not amplified too much. */
  readonly epsilon: number;
}

const whiteningChecks: OptionChecks<WhiteningOptions> = {
  images: required(aWholeNumber(1)),
  epsilon: required(aNumberWithin({ kind: 'number', minimum: 0 })),
};

/**
 * Makes an initializer for filters [2·k, C, KH, KW]. Let v be the eigenvectors, by descending eigenvalue λ, of the mean of p·pᵀ over
 * all patches p [C · KH · KW]. The first k filters are v / √(λ + epsilon), and the others are their negatives. If k is more than the
 * number of eigenvectors, the remaining filters are 0.
 */
export function whiteningInit(options: WhiteningOptions): Initializer {
  requireOptions(options, whiteningChecks);
  const { images: count, epsilon } = options;
  return (shape, _seed, _index, images) => {
    if (images === undefined)
      throw new UsageError(
        'initial weights: this network whitens patches of training images, so it needs some; ' +
          'pass `sampleImages(examples, images, network.imageShape)` as the last argument of initialVariables',
      );
    const length = sizeOf(shape.slice(1));
    const half = Math.floor((shape[0] ?? 0) / 2);
    const filters = new Float32Array(sizeOf(shape));
    const pairs = symmetricEigen(patchCovariance(images(count), shape), length).slice(0, half);
    for (const [index, { value, vector }] of pairs.entries()) {
      const scale = 1 / Math.sqrt(value + epsilon);
      for (let i = 0; i < length; i++) {
        filters[index * length + i] = (vector[i] ?? 0) * scale;
        filters[(half + index) * length + i] = -(vector[i] ?? 0) * scale;
      }
    }
    return float32(shape, filters);
  };
}

/** Returns the mean of p·pᵀ over all patches p of the images [N, C, H, W] that are entirely inside, as a row-major matrix.
 * @param filters the shape [O, C, KH, KW] of the filters, whose patches are [C, KH, KW] */
export function patchCovariance(
  { data, shape: images }: Float32Tensor,
  [, channels = 1, rows = 1, columns = 1]: Shape,
): Float64Array {
  const [n = 0, , height = 0, width = 0] = images;
  const [down, right] = [height - rows + 1, width - columns + 1];
  const cells = Array.from({ length: channels * rows * columns }, (_, cell) => {
    const [channel, offset] = [Math.floor(cell / (rows * columns)), cell % (rows * columns)];
    return (channel * height + Math.floor(offset / columns)) * width + (offset % columns);
  });
  const sums = new Float64Array(cells.length ** 2);
  for (let image = 0; image < n; image++) {
    const start = image * channels * height * width;
    for (const [i, one] of cells.entries())
      for (let j = i; j < cells.length; j++)
        (sums[i * cells.length + j] as number) += product(data, start + one, start + (cells[j] ?? 0));
  }
  const count = n * down * right;
  return sums.map((_, index) => {
    const [i, j] = [Math.floor(index / cells.length), index % cells.length];
    return (sums[Math.min(i, j) * cells.length + Math.max(i, j)] as number) / count;
  });

  /** Returns the sum of the products of two windows of `down` × `right` values. */
  function product(values: Float32Array, one: number, other: number): number {
    let sum = 0;
    for (let y = 0; y < down; y++) {
      const [a, b] = [one + y * width, other + y * width];
      for (let x = 0; x < right; x++) sum += (values[a + x] as number) * (values[b + x] as number);
    }
    return sum;
  }
}
