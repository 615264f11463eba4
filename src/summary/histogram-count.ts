/**
 * The loop over all values of a tensor. It is optimized for speed, because summaries process millions of values. It does not
 * search, and it has no branches for the choice between the two buckets of a cell (histogram-buckets.ts) or for zeros: such
 * branches are unpredictable, and mispredictions would dominate the time.
 */
import { bucketsOfCell, lastOfFirst } from './histogram-buckets.ts';

/** The counters over all values. */
export interface Counts {
  /** The number of values in each bucket of each cell, as [cell][2]. There are two tables for alternate values, because two
   * consecutive increments of the same counter would have to wait for each other. */
  readonly even: Float64Array;
  readonly odd: Float64Array;
  /** Minimum, maximum, sum, sum of squares and number of zeros, at the indices in `at`. The sums are float64, added in
   * the order of the values. */
  readonly sums: Float64Array;
}

/** The indices into `sums`. */
export const at = { min: 0, max: 1, sum: 2, sumSquares: 3, zeros: 4 } as const;

export function newCounts(): Counts {
  return {
    even: new Float64Array(bucketsOfCell.length),
    odd: new Float64Array(bucketsOfCell.length),
    sums: Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0),
  };
}

/** The number of values per call of the counting function. Optimized code is used at the next call of a function, but
 * on-stack replacement of a running loop is unreliable. Without splitting, the first large tensors take four times as long
 * (measured with Node.js 20). */
const pieceLength = 512;

/** Counts all values. */
export function countAll(values: Float32Array, counts: Counts): void {
  for (let start = 0; start < values.length; start += pieceLength) {
    countPiece(values.subarray(start, start + pieceLength), counts);
  }
}

function countPiece(values: Float32Array, { even, odd, sums }: Counts): void {
  const patterns = new Int32Array(values.buffer, values.byteOffset, values.length);
  const last = lastOfFirst; // a local copy, because an imported name would be looked up for every value
  let min = sums[at.min] as number;
  let max = sums[at.max] as number;
  let sum = sums[at.sum] as number;
  let sumSquares = sums[at.sumSquares] as number;
  let zeros = sums[at.zeros] as number;
  const pairs = values.length - (values.length % 2);
  for (let i = 0; i < pairs; i += 2) {
    const first = patterns[i] as number;
    const firstIndex = indexOf(first, last);
    even[firstIndex] = (even[firstIndex] as number) + 1;
    const second = patterns[i + 1] as number;
    const secondIndex = indexOf(second, last);
    odd[secondIndex] = (odd[secondIndex] as number) + 1;
    zeros += isZero(first) + isZero(second);
    const a = values[i] as number;
    const b = values[i + 1] as number;
    if (a < min) min = a;
    if (a > max) max = a;
    if (b < min) min = b;
    if (b > max) max = b;
    sum = sum + a + b;
    sumSquares = sumSquares + a * a + b * b;
  }
  for (let i = pairs; i < values.length; i++) {
    const pattern = patterns[i] as number;
    const index = indexOf(pattern, last);
    even[index] = (even[index] as number) + 1;
    zeros += isZero(pattern);
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  sums[at.min] = min;
  sums[at.max] = max;
  sums[at.sum] = sum;
  sums[at.sumSquares] = sumSquares;
  sums[at.zeros] = zeros;
}

/** Returns the index at which a value with these bits is counted: 2·cell, plus 1 if the value belongs to the second bucket of
 * the cell. That 1 is the sign bit of a difference. The lower 19 bits of the pattern are the rest. */
function indexOf(pattern: number, last: Int32Array): number {
  const cell = pattern >>> 19;
  return 2 * cell + (((last[cell] as number) - (pattern & 0x7ffff)) >>> 31);
}

/** Returns 1 for 0 and -0, whose bits are 0 apart from the sign, and 0 for any other value. */
function isZero(pattern: number): number {
  return ((pattern & 0x7fffffff) - 1) >>> 31;
}
