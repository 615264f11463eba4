/**
 * The buckets of TensorFlow's histograms, and how to find the bucket of a float32 without searching.
 *
 * Bucket i holds the values from limit i−1 up to, but not including, limit i. The limits are ±1e-12·1.1^k below 1e20, 0 and
 * ±DBL_MAX, computed by repeated multiplication to be bit-identical to TensorFlow's
 * (core/lib/histogram/histogram.cc, InitDefaultBucketsInner).
 */

/** Upper limits of the buckets, ascending: 1,551 of them. */
export const bucketLimits: Float64Array = Float64Array.from(tensorflowLimits());

function tensorflowLimits(): readonly number[] {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return [...positive.map((limit) => -limit).reverse(), 0, ...positive];
}

/** The bucket index for values that are not finite: one after the last. */
export const notFinite: number = bucketLimits.length;

/** Finds the bucket of a number by bisection: the first whose limit is above it. */
export function bucketOf(value: number): number {
  if (!Number.isFinite(value)) return notFinite;
  let [low, high] = [0, bucketLimits.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucketLimits[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The 32 bits of a float32 are split into its cell (sign, exponent and 4 bits of the mantissa) and the remaining 19 bits, the
 * rest. The values of a cell differ by a factor of at most 17/16, and neighbouring limits by a factor of 1.1; so the values of a
 * cell are in one or two buckets, and one comparison of the rest decides which. (-0, the first value of its cell, is in the bucket
 * of 0; the other values of that cell are in the bucket below.)
 */
const restBits = 19;
const restMask = (1 << restBits) - 1;
const cellCount = 1 << (32 - restBits);

/** For each cell, the largest rest of a value in the first of its buckets. */
export const lastOfFirst: Int32Array = new Int32Array(cellCount);
/** [cell][2]: the two buckets of a cell, in the order of the rest. */
export const bucketsOfCell: Uint16Array = new Uint16Array(2 * cellCount);

// Every counting thread builds the tables; without allocations per value the time is negligible.
const bits = new Int32Array(1);
const floats = new Float32Array(bits.buffer);
for (let cell = 0; cell < cellCount; cell++) {
  const first = bucketOf(floatOf(cell, 0));
  const second = bucketOf(floatOf(cell, restMask));
  bucketsOfCell[2 * cell] = first;
  bucketsOfCell[2 * cell + 1] = second;
  lastOfFirst[cell] = first === second ? restMask : lastRestIn(first, cell);
}

function lastRestIn(bucket: number, cell: number): number {
  const least = bucketLimits[bucket - 1] ?? Number.NEGATIVE_INFINITY;
  const limit = bucketLimits[bucket] as number;
  let [low, high] = [0, restMask];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const value = floatOf(cell, middle);
    if (value >= least && value < limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function floatOf(cell: number, rest: number): number {
  bits[0] = (cell << restBits) | rest;
  return floats[0] as number;
}
