/**
 * The buckets of TensorFlow's histograms, and how to find that of a float32 without searching.
 *
 * Bucket i holds the values from limit i−1 up to, but without, limit i. The limits are ±1e-12·1.1^k below 1e20, 0 and
 * ±DBL_MAX, made by repeated multiplication so that they are TensorFlow's to the bit
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

/** Stands for the bucket of what is not finite: one behind the last. */
export const notFinite: number = bucketLimits.length;

/** The bucket of a number by bisection: the first whose limit is above it. */
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
 * The 32 bits of a float32 are its cell (sign, exponent and 4 bits of the mantissa) and the rest, 19 bits. A cell spans
 * a factor of 17/16 at most, and two neighbouring limits stand a factor of 1.1 apart; so the values of a cell are in
 * one bucket or two, and one comparison of the rest says in which. (-0, the first value of its cell, is with 0; the
 * other values of that cell are in the bucket below.)
 */
const restBits = 19;
const restMask = (1 << restBits) - 1;
const cellCount = 1 << (32 - restBits);

/** For each cell the largest rest with which a value is still in the first of its buckets. */
export const lastOfFirst: Int32Array = new Int32Array(cellCount);
/** [cell][2]: the buckets of a cell, in the order of the rest. */
export const bucketsOfCell: Uint16Array = new Uint16Array(2 * cellCount);

// The tables are made in every thread that counts: without new memory for each value that is no time worth naming.
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
