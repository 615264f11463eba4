/**
 * The loop over all values of a tensor. Summaries look at millions of values, so it is written for speed: no search, and
 * no branch for which of the two buckets of a cell a value is in (histogram-buckets.ts). That is a matter of chance, and a
 * processor that guesses wrong loses more time than all the rest takes.
 */
import { bucketsOfCell, lastOfFirst } from './histogram-buckets.ts';

/** How many values there are in each bucket of each cell, [cell][2]. Neighbouring values are counted in different tables:
 * two counts in one table would have to wait for each other, for they may be the same. */
export interface CellCounts {
  readonly even: Float64Array;
  readonly odd: Float64Array;
}

export function newCellCounts(): CellCounts {
  return { even: new Float64Array(bucketsOfCell.length), odd: new Float64Array(bucketsOfCell.length) };
}

/** In float64, added in the order of the values. */
export interface Sums {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
}

export const noSums: Sums = {
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  sum: 0,
  sumSquares: 0,
};

/** Counts all values into the tables and returns `before` with them added. */
export function countAll(values: Float32Array, { even, odd }: CellCounts, before: Sums): Sums {
  const patterns = new Int32Array(values.buffer, values.byteOffset, values.length);
  const last = lastOfFirst; // an imported name would be looked up again for every value
  let { min, max, sum, sumSquares } = before;
  const pairs = values.length - (values.length % 2);
  for (let i = 0; i < pairs; i += 2) {
    const first = indexOf(patterns[i] as number, last);
    even[first] = (even[first] as number) + 1;
    const second = indexOf(patterns[i + 1] as number, last);
    odd[second] = (odd[second] as number) + 1;
    const a = values[i] as number;
    const b = values[i + 1] as number;
    if (a < min) min = a;
    if (a > max) max = a;
    if (b < min) min = b;
    if (b > max) max = b;
    sum = sum + a + b;
    sumSquares = sumSquares + a * a + b * b;
  }
  if (pairs === values.length) return { min, max, sum, sumSquares };
  const value = values[pairs] as number;
  const index = indexOf(patterns[pairs] as number, last);
  even[index] = (even[index] as number) + 1;
  return {
    min: Math.min(min, value),
    max: Math.max(max, value),
    sum: sum + value,
    sumSquares: sumSquares + value * value,
  };
}

/** Where a value with these bits is counted: 2·cell, plus the sign of a difference, which is 1 behind the last rest of
 * the first bucket. 19 bits are the rest. */
function indexOf(pattern: number, last: Int32Array): number {
  const cell = pattern >>> 19;
  return 2 * cell + (((last[cell] as number) - (pattern & 0x7ffff)) >>> 31);
}
