/**
 * The loop over all values of a tensor. Summaries process millions of values, so it is optimized for speed: no search, and no
 * branches for the choice between a cell's two buckets (histogram-buckets.ts) or for zeros. Those branches are unpredictable;
 * mispredictions would dominate.
 */
import { bucketsOfCell, lastOfFirst } from './histogram-buckets.ts';

/** Counters over all values. */
export interface Counts {
  /** Number of values in each bucket of each cell, [cell][2]. Consecutive values are counted in different tables, because two
   * increments of the same counter would have to wait for each other. */
  readonly even: Float64Array;
  readonly odd: Float64Array;
  /** min, max, sum, sum of squares, number of zeros (`at`). Float64, added in the order of the values. */
  readonly sums: Float64Array;
}

/** Indices into `sums`. */
export const at = { min: 0, max: 1, sum: 2, sumSquares: 3, zeros: 4 } as const;

export function newCounts(): Counts {
  return {
    even: new Float64Array(bucketsOfCell.length),
    odd: new Float64Array(bucketsOfCell.length),
    sums: Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0),
  };
}

/** Chunk size. Optimized code is reliably used at the next call of a function, but on-stack replacement of a running loop is
 * unreliable: without chunks the first large tensors take four times as long (measured on Node.js 20). */
const pieceLength = 512;

/** Counts all values. */
export function countAll(values: Float32Array, counts: Counts): void {
  for (let start = 0; start < values.length; start += pieceLength) {
    countPiece(values.subarray(start, start + pieceLength), counts);
  }
}

function countPiece(values: Float32Array, { even, odd, sums }: Counts): void {
  const patterns = new Int32Array(values.buffer, values.byteOffset, values.length);
  const last = lastOfFirst; // an imported name would be looked up again for every value
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

/** Where a value with these bits is counted: 2·cell, plus the sign of a difference, which is 1 behind the last rest of
 * the first bucket. 19 bits are the rest. */
function indexOf(pattern: number, last: Int32Array): number {
  const cell = pattern >>> 19;
  return 2 * cell + (((last[cell] as number) - (pattern & 0x7ffff)) >>> 31);
}

/** 1 for 0 and -0, whose bits without the sign are 0; else 0. */
function isZero(pattern: number): number {
  return ((pattern & 0x7fffffff) - 1) >>> 31;
}
