import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOfValues, quantile, rowShares, valueRange } from './histogram-grid.ts';

const histogram = { step: 1, edges: [-4, -2, 0, 1, 9], counts: [0, 10, 30, 0] };

test('the range is that of buckets with values', () => {
  assert.deepEqual(valueRange([histogram]), { low: -2, high: 1 });
  assert.deepEqual(valueRange([{ step: 1, edges: [3, 3], counts: [5] }]), { low: 2.7, high: 3.3 });
  const infinite = { step: 1, edges: [Number.NEGATIVE_INFINITY, 0, 1], counts: [1, 1] };
  assert.deepEqual(valueRange([infinite]), { low: 0, high: 1 });
  assert.equal(valueRange([{ step: 1, edges: [], counts: [] }]), undefined);
});

test('the values of a bucket are distributed evenly over its rows, and all values are in some row', () => {
  assert.deepEqual([...rowShares(histogram, { low: -2, high: 1 }, 3)], [0.125, 0.125, 0.75]);
  assert.deepEqual([...rowShares(histogram, { low: -2, high: 2 }, 2)], [0.25, 0.75]);
  const shares = rowShares(histogram, { low: -2, high: 1 }, 7);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
});

test('a bucket without width counts in the row of its value, also at the end', () => {
  const point = { step: 1, edges: [1, 1], counts: [4] };
  assert.deepEqual([...rowShares(point, { low: 0, high: 1 }, 4)], [0, 0, 0, 1]);
  assert.deepEqual([...rowShares(point, { low: 5, high: 6 }, 2)], [0, 0]);
});

test('quantiles are interpolated within buckets', () => {
  assert.equal(quantile(histogram, 0.25), 0);
  assert.equal(quantile(histogram, 0.125), -1);
  assert.equal(quantile(histogram, 0.625), 0.5);
  assert.equal(quantile(histogram, 1), 1);
  assert.equal(quantile({ step: 1, edges: [], counts: [] }, 0.5), undefined);
  assert.equal(numberOfValues(histogram), 40);
});
