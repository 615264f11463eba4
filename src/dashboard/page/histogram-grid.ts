/** Histograms with buckets of any width as rows of equal height, and what they say about their values. */
import type { HistogramAtStep } from '../wire.ts';
import type { Range } from './axis-range.ts';

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

function filledBuckets({ edges, counts }: HistogramAtStep): readonly Bucket[] {
  return counts.flatMap((count, index) => {
    const [low, high] = [edges[index], edges[index + 1]];
    const isKnown = low !== undefined && high !== undefined && Number.isFinite(low) && Number.isFinite(high);
    return isKnown && count > 0 ? [{ low, high, count }] : [];
  });
}

/** Returns the range of the values of all histograms, or undefined if they have none. */
export function valueRange(histograms: readonly HistogramAtStep[]): Range | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const bucket of histograms.flatMap(filledBuckets)) {
    low = Math.min(low, bucket.low);
    high = Math.max(high, bucket.high);
  }
  if (low > high) return undefined;
  const room = high > low ? 0 : Math.abs(low) * 0.1 || 1;
  return { low: low - room, high: high + room };
}

/** Returns the fraction of the values in each of `rows` equal parts of a range, the lowest first. The values of a bucket are taken
 * as evenly distributed. A bucket without width counts in the row of its value. */
export function rowShares(histogram: HistogramAtStep, { low, high }: Range, rows: number): Float64Array {
  const shares = new Float64Array(rows);
  const buckets = filledBuckets(histogram);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const rowOf = (value: number) => ((value - low) / (high - low)) * rows;
  const add = (row: number, share: number) => {
    if (row >= 0 && row < rows) shares[row] = (shares[row] ?? 0) + share;
  };
  for (const bucket of buckets) {
    const [begin, end] = [rowOf(bucket.low), rowOf(bucket.high)];
    const share = bucket.count / total;
    if (end <= begin) {
      add(Math.min(rows - 1, Math.floor(begin)), share);
      continue;
    }
    for (let row = Math.max(0, Math.floor(begin)); row < Math.min(rows, end); row++)
      add(row, (share * (Math.min(end, row + 1) - Math.max(begin, row))) / (end - begin));
  }
  return shares;
}

/** Returns the value below which a fraction of the values lie, or undefined if there are none. */
export function quantile(histogram: HistogramAtStep, fraction: number): number | undefined {
  const buckets = filledBuckets(histogram);
  let left = fraction * buckets.reduce((sum, { count }) => sum + count, 0);
  for (const { low, high, count } of buckets) {
    if (left <= count) return low + (high - low) * (left / count);
    left -= count;
  }
  return buckets.at(-1)?.high;
}

export function numberOfValues({ counts }: HistogramAtStep): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
