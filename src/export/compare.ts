/** Compares an export with the live network. */
import { requireRunning } from '../errors.ts';
import type { Classifier } from './format.ts';
import type { TestPictures } from './test-pictures.ts';

export interface Comparison {
  readonly pictures: number;
  /** The largest difference between two probabilities of the same class. */
  readonly largestDifference: number;
  /** The number of pictures for which both compute the same class. */
  readonly sameClass: number;
}

/** @param batchSize the batch size of both classifiers
 * @throws StoppedError when `signal` is aborted */
export async function compare(
  exported: Classifier,
  live: Classifier,
  { count, pixels }: TestPictures,
  batchSize: number,
  signal?: AbortSignal,
): Promise<Comparison> {
  const size = pixels.length / count;
  let [largestDifference, sameClass] = [0, 0];
  for (let first = 0; first < count; first += batchSize) {
    requireRunning(signal, 'nothing was exported');
    const batch = new Uint8Array(batchSize * size);
    const rows = Math.min(batchSize, count - first);
    batch.set(pixels.subarray(first * size, (first + rows) * size));
    const [found, expected] = [await exported.probabilities(batch), await live.probabilities(batch)];
    const classes = expected.length / batchSize;
    for (let row = 0; row < rows; row++) {
      const [ours, theirs] = [expected, found].map((all) => all.subarray(row * classes, (row + 1) * classes));
      if (ours === undefined || theirs === undefined) continue;
      // NaN is never within the bound, so it counts as infinite.
      for (const [index, value] of ours.entries())
        largestDifference = Math.max(largestDifference, differenceOf(value, theirs[index]));
      if (largestIndex(ours) === largestIndex(theirs)) sameClass++;
    }
  }
  return { pictures: count, largestDifference, sameClass };
}

function differenceOf(a: number, b: number | undefined): number {
  const difference = Math.abs(a - (b ?? Number.NaN));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function largestIndex(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}
