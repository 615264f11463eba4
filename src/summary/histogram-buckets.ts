/**
 * The buckets of TensorFlow's histograms, and a way to find the bucket of a float32 without searching.
 *
 * Bucket i holds the values from limit i−1 up to, but not including, limit i. The limits are ±1e-12·1.1^k below 1e20, 0 and
 * ±DBL_MAX. They are computed by repeated multiplication, so that they are bit-identical to those of TensorFlow
 * (core/lib/histogram/histogram.cc, InitDefaultBucketsInner).
 */

/** The upper limits of the 1,551 buckets, in ascending order. */
export const bucketLimits: Float64Array = Float64Array.from(tensorflowLimits());

function tensorflowLimits(): readonly number[] {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return [...positive.map((limit) => -limit).reverse(), 0, ...positive];
}

/** The bucket index for values that are not finite. It is one more than the index of the last bucket. */
export const notFinite: number = bucketLimits.length;

/** Finds the bucket of a number by bisection. It is the first bucket whose limit is above the number. */
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
 * The 32 bits of a float32 are split into a cell number (sign, exponent and the upper 4 bits of the mantissa) and a rest
 * (the remaining 19 bits). The values in a cell differ by a factor of at most 17/16, and neighboring limits by a factor of
 * 1.1. A cell therefore overlaps with at most two buckets, and one comparison of the rest decides between them. (The cell of
 * -0 is special: -0 belongs to the bucket of 0, and all other values of the cell to the bucket below.)
 */
const restBits = 19;
const restMask = (1 << restBits) - 1;
const cellCount = 1 << (32 - restBits);

/** For each cell, the largest rest of a value that belongs to the first of its two buckets. */
export const lastOfFirst: Int32Array = new Int32Array(cellCount);
/** [cell][2]: the two buckets of each cell, in the order of the rest. */
export const bucketsOfCell: Uint16Array = new Uint16Array(2 * cellCount);

// Every thread that counts builds these tables. It takes negligible time as long as nothing is allocated per value.
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
