/** Compares an export with the live network. */
import { RunError, requireRunning } from '../errors.ts';
import type { Classifier } from '../predict/classifier.ts';
import type { TestPictures } from './test-pictures.ts';

/** The largest difference in a probability that is accepted. */
const largestAccepted = 1e-4;

/** How an exported file and the live network compare. */
export interface Comparison {
  readonly pictures: number;
  /** The largest difference between two probabilities of the same class. */
  readonly largestDifference: number;
  /** The number of pictures for which both compute the same class. */
  readonly sameClass: number;
}

/** @param exported and `live` have the same batch size
 * @throws StoppedError when `signal` is aborted */
export async function compare(
  exported: Pick<Classifier, 'classify' | 'batchSize'>,
  live: Pick<Classifier, 'classify'>,
  { count, pixels }: TestPictures,
  signal?: AbortSignal,
): Promise<Comparison> {
  const size = pixels.length / count;
  const { batchSize } = exported;
  let [largestDifference, sameClass] = [0, 0];
  for (let first = 0; first < count; first += batchSize) {
    requireRunning(signal, 'nothing was exported');
    const batch = Array.from({ length: Math.min(batchSize, count - first) }, (_, row) =>
      pixels.subarray((first + row) * size, (first + row + 1) * size),
    );
    const [found, expected] = [await exported.classify(batch), await live.classify(batch)];
    for (const [row, ours] of expected.entries()) {
      const theirs = found[row] ?? [];
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
      ? `the export and the network of ${path} differ by ${differenceText(largestDifference)} in a probability, expected at ` +
          `most ${largestAccepted} (${pictures} ${title}, ${sameClass} with the same class); nothing was exported`
      : `the network of ${path} computes probabilities that are not numbers (on ${title}); export a checkpoint from before ` +
          'the run diverged',
  );
}

/** Formats a difference, as in `3.7e-7`. */
export function differenceText(difference: number): string {
  return difference === 0 ? '0' : difference.toExponential(1);
}

function differenceOf(a: number, b: number | undefined): number {
  const difference = Math.abs(a - (b ?? Number.NaN));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function largestIndex(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
