/** The filters of a convolution as RGB pictures: gray is 0, and the weight that is farthest from 0 is 0 or 255. */
import type { StoredTensor } from './tensor-file.ts';

export interface FilterPicture {
  /** [height, width, 4]: RGBA, 0 … 255. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** The root of the mean of the squared weights. */
  readonly size: number;
}

/** Returns the tensors that are filters on pictures, [filters, 3 or 1, height, width], the layers' weights before values that
 * were derived from them, such as averages. */
export function filtersOnPictures(tensors: readonly StoredTensor[]): readonly StoredTensor[] {
  const filters = tensors.filter(({ shape: [, channels, height = 0, width = 0], shape }) => {
    return shape.length === 4 && (channels === 3 || channels === 1) && height * width > 1;
  });
  const isDerived = ({ name }: StoredTensor) =>
    tensors.some((other) => name !== other.name && name.startsWith(`${other.name}/`));
  return [...filters.filter((tensor) => !isDerived(tensor)), ...filters.filter(isDerived)];
}

/** Draws each filter.
 * @param scaleOf whether each filter has a scale of its own, or all have the same scale */
export function filterPictures(
  { shape: [filters = 0, channels = 1, height = 0, width = 0], values }: StoredTensor,
  scaleOf: 'each' | 'all',
): readonly FilterPicture[] {
  const area = height * width;
  const each = channels * area;
  const largest = (list: Float32Array) => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const all = largest(values);
  return Array.from({ length: filters }, (_, filter) => {
    const weights = values.subarray(filter * each, (filter + 1) * each);
    const most = (scaleOf === 'all' ? all : largest(weights)) || 1;
    const pixels = new Uint8ClampedArray(area * 4);
    for (let at = 0; at < area; at++) {
      for (let color = 0; color < 3; color++) {
        const weight = weights[(channels === 3 ? color : 0) * area + at] ?? 0;
        pixels[at * 4 + color] = Math.round(127.5 * (1 + weight / most));
      }
      pixels[at * 4 + 3] = 255;
    }
    const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
    return { pixels, size: Math.sqrt(squares / Math.max(1, each)) };
  });
}
