import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Histogram, HistogramCounter, histogramOf } from './histogram.ts';
import { bucketLimits } from './histogram-buckets.ts';

/** Computes a histogram slowly and simply: it looks for the first limit above each value, and merges empty buckets at the
 * end. */
function slowHistogram(values: Float32Array): Histogram {
  const finite = Array.from(values).filter(Number.isFinite);
  const all = new Map(Array.from(bucketLimits, (limit) => [limit, 0]));
  for (const value of finite) {
    const limit = bucketLimits.find((limit) => limit > value) ?? Number.NaN;
    all.set(limit, (all.get(limit) ?? 0) + 1);
  }
  const short: [number, number][] = [];
  for (const [limit, count] of all) {
    if (count === 0 && short.at(-1)?.[1] === 0) short.pop();
    short.push([limit, count]);
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    min: finite.length === 0 ? 0 : Math.min(...finite) + 0,
    max: finite.length === 0 ? 0 : Math.max(...finite) + 0,
    num: finite.length,
    sum: sum(finite) + 0,
    sumSquares: sum(finite.map((value) => value ** 2)),
    limits: Float64Array.from(short, ([limit]) => limit),
    counts: Float64Array.from(short, ([, count]) => count),
  };
}

/** Replaces -0 by 0, because it does not matter which of the two is the minimum. */
function withoutNegativeZero(histogram: Histogram): Histogram {
  return { ...histogram, min: histogram.min + 0, max: histogram.max + 0, sum: histogram.sum + 0 };
}

const smallest = 2 ** -149;
const largest = (2 - 2 ** -23) * 2 ** 127;
const cases: Readonly<Record<string, readonly number[]>> = {
  'no values': [],
  'only zeros': [0, 0, 0],
  'zeros of both signs': [-0, 0, -0],
  'a constant': Array.from({ length: 100 }, () => 0.1),
  'a negative constant': Array.from({ length: 100 }, () => -3),
  'subnormal values': [smallest, -smallest, 1e-40, -1e-40, 1e-38],
  'huge values': [largest, -largest, 1e20, -1e20, 9e19, 1.1e20, -1.1e20],
  'values around the smallest limits': [1e-12, -1e-12, 1.0001e-12, 0.9999e-12, -0.9999e-12],
  'both signs': [-2, -1, -0.5, 0, 0.5, 1, 2],
};

for (const [what, values] of Object.entries(cases)) {
  test(`${what}: the histogram is the same as when computed the simple way`, () => {
    const array = Float32Array.from(values);
    assert.deepEqual(withoutNegativeZero(histogramOf(array)), slowHistogram(array));
  });
}

test('the limits are the same as in TensorFlow', () => {
  assert.equal(bucketLimits.length, 1551);
  assert.equal(bucketLimits[775], 0);
  assert.equal(bucketLimits[776], 1e-12);
  assert.equal(bucketLimits[777], 1e-12 * 1.1);
  assert.equal(bucketLimits[774], -1e-12);
  assert.equal(bucketLimits[0], -Number.MAX_VALUE);
  assert.equal(bucketLimits.at(-1), Number.MAX_VALUE);
  assert.ok((bucketLimits.at(-2) ?? 0) < 1e20 && (bucketLimits.at(-2) ?? 0) > 1e20 / 1.1);
});

test('the float32 values before, at and after every limit are in the correct bucket', () => {
  const near = Array.from(bucketLimits.subarray(1, -1)).flatMap((limit) => {
    const bits = new Int32Array(Float32Array.of(limit).buffer)[0] ?? 0;
    return Array.from(new Float32Array(Int32Array.of(bits - 1, bits, bits + 1).buffer)).filter(
      Number.isFinite,
    );
  });
  const values = Float32Array.from(near);
  assert.deepEqual(histogramOf(values), slowHistogram(values));
});

test('any float32 is in the correct bucket', () => {
  const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 50 });
  fc.assert(
    fc.property(floats, (values) =>
      assert.deepEqual(withoutNegativeZero(histogramOf(values)), slowHistogram(values)),
    ),
    { numRuns: 300 },
  );
});

test('non-finite values are counted separately and do not affect the rest', () => {
  const counter = new HistogramCounter();
  counter.add(Float32Array.of(1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
  counter.add(Float32Array.of(4, Number.NaN));
  assert.equal(counter.nonFinite, 4);
  assert.deepEqual(counter.histogram, slowHistogram(Float32Array.of(1, -2, 4)));

  const nothing = histogramOf(Float32Array.of(Number.NaN));
  assert.deepEqual(nothing, slowHistogram(new Float32Array(0)));
  assert.deepEqual([...nothing.limits, ...nothing.counts], [Number.MAX_VALUE, 0]);
});

test('a tensor that is added in pieces has the same histogram as the whole tensor', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 10 ** (i % 20));
  const counter = new HistogramCounter();
  counter.add(values.subarray(0, 333));
  counter.add(new Float32Array(0));
  counter.add(values.subarray(333)); // a view that does not start where its buffer does
  assert.deepEqual(counter.histogram, histogramOf(values));
  assert.deepEqual(histogramOf(values), slowHistogram(values));
});

test('the counts add up to the number of values', () => {
  const values = Float32Array.from({ length: 12_345 }, (_, i) => Math.cos(i));
  const { num, counts } = histogramOf(values);
  assert.equal(num, 12_345);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    12_345,
  );
});
