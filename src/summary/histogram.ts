/** TensorFlow's histograms of tensors, fast enough to count every value of a network. */

import { bucketLimits, bucketsOfCell, notFinite } from './histogram-buckets.ts';
import { at, type Counts, countAll, newCounts } from './histogram-count.ts';

/** A distribution, with the fields of TensorFlow's HistogramProto. Bucket i holds `counts[i]` values, from `limits[i − 1]`
 * up to, but not including, `limits[i]`. */
export interface Histogram {
  /** The smallest and the largest value. */
  readonly min: number;
  readonly max: number;
  /** The number of values. */
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** The limits in ascending order. */
  readonly limits: Float64Array;
  readonly counts: Float64Array;
}

/**
 * Counts the values of one or more pieces of a tensor in TensorFlow's buckets.
 *
 * Values that are not finite are in no bucket and not included in `num` or the sums. They are counted separately
 * (`nonFinite`). TensorFlow r0.11 ends the run at the first such value ("Nan in summary histogram"), but the histograms help
 * to find out what went wrong.
 */
export class HistogramCounter {
  #counts = newCounts();

  /** Counts all values. They are added to the sums in their order, in float64. */
  add(values: Float32Array): void {
    const { even, odd, sums } = this.#counts;
    const before = sums.slice();
    countAll(values, this.#counts);
    // The squares of finite float32 values cannot overflow a float64. An infinite sum therefore means that a value was not
    // finite, and the sums are computed again without it.
    if (Number.isFinite(sums[at.sumSquares])) return;
    const finite: Counts = { ...newCounts(), sums: before };
    countAll(values.filter(Number.isFinite), finite);
    this.#counts = { even, odd, sums: finite.sums };
  }

  /** How many values were infinite or NaN. */
  get nonFinite(): number {
    return this.#byBucket()[notFinite] ?? 0;
  }

  /** How many values were exactly 0. */
  get zeros(): number {
    return this.#sumOf('zeros');
  }

  /** The histogram of the finite values so far. If there are none, min and max are 0. */
  get histogram(): Histogram {
    const counts = this.#byBucket().subarray(0, notFinite);
    const num = counts.reduce((a, b) => a + b, 0);
    return {
      min: num === 0 ? 0 : this.#sumOf('min'),
      max: num === 0 ? 0 : this.#sumOf('max'),
      num,
      sum: this.#sumOf('sum'),
      sumSquares: this.#sumOf('sumSquares'),
      ...collapseEmpty(counts),
    };
  }

  #sumOf(name: keyof typeof at): number {
    return this.#counts.sums[at[name]] ?? 0;
  }

  #byBucket(): Float64Array {
    const { even, odd } = this.#counts;
    const counts = new Float64Array(bucketLimits.length + 1);
    for (let index = 0; index < bucketsOfCell.length; index++) {
      const bucket = bucketsOfCell[index] as number;
      counts[bucket] = (counts[bucket] as number) + (even[index] as number) + (odd[index] as number);
    }
    return counts;
  }
}

/** Returns the histogram of the finite values of a tensor. */
export function histogramOf(values: Float32Array): Histogram {
  const counter = new HistogramCounter();
  counter.add(values);
  return counter.histogram;
}

/** Merges adjacent empty buckets. This is TensorFlow's compact form (Histogram::EncodeToProto). */
function collapseEmpty(all: Float64Array): Pick<Histogram, 'limits' | 'counts'> {
  const isEmpty = (bucket: number) => all[bucket] === 0;
  const kept = Array.from(all.keys()).filter(
    (bucket) => !isEmpty(bucket) || bucket === all.length - 1 || !isEmpty(bucket + 1),
  );
  return {
    limits: Float64Array.from(kept, (bucket) => bucketLimits[bucket] ?? 0),
    counts: Float64Array.from(kept, (bucket) => all[bucket] ?? 0),
  };
}
