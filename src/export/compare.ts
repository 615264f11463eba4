/** Compares an export with the live network. */
import { RunError, requireRunning } from '../errors.ts';
import type { Classifier } from './format.ts';
import type { TestPictures } from './test-pictures.ts';

/** The largest difference in a probability that is accepted. */
const largestAccepted = 1e-4;

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

/** Requires an export to compute what the network computes.
 * @param title what the pictures are
 * @param path the checkpoint
 * @throws RunError with the largest difference when it is too large */
export function requireAgreement(
  { largestDifference, pictures, sameClass }: Comparison,
  title: string,
  path: string,
): void {
  if (largestDifference <= largestAccepted) return;
  throw new RunError(
    Number.isFinite(largestDifference)
      ? `the export and the network of ${path} differ by ${largestDifference.toExponential(1)} in a probability, expected at ` +
          `most ${largestAccepted} (${pictures} ${title}, ${sameClass} with the same class); nothing was exported`
      : `the network of ${path} computes probabilities that are not numbers (on ${title}); export a checkpoint from before ` +
          'the run diverged',
  );
}

function differenceOf(a: number, b: number | undefined): number {
  const difference = Math.abs(a - (b ?? Number.NaN));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function largestIndex(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}
