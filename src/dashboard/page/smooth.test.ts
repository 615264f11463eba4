import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoothed, weightFor } from './smooth.ts';

test('the smoothed values are weighted means of all values so far', () => {
  const values = [3, -1, 4, 1, -5, 9, 2, 6];
  const weight = 0.7;
  smoothed(values, weight).forEach((value, last) => {
    const weights = values.slice(0, last + 1).map((_, index) => weight ** (last - index));
    const sum = weights.reduce((total, one, index) => total + one * (values[index] ?? 0), 0);
    const mean = sum / weights.reduce((total, one) => total + one, 0);
    assert.ok(Math.abs((value ?? Number.NaN) - mean) < 1e-12, `${last}`);
  });
});

test('missing values stay missing and do not count, and weight 0 changes nothing', () => {
  const dense = smoothed([1, 5, 2], 0.6);
  assert.deepEqual(smoothed([1, null, 5, Number.NaN, 2], 0.6), [dense[0], null, dense[1], null, dense[2]]);
  const values = [1, null, 2];
  assert.equal(smoothed(values, 0), values);
  assert.deepEqual(
    smoothed([7, 7, 7], 0.99).map((value) => value?.toFixed(9)),
    Array(3).fill('7.000000000'),
  );
});

test('a curve with ten times the points is smoothed over the same steps', () => {
  const few = smoothed([...Array(20).fill(0), ...Array(20).fill(1)], 0.8);
  const many = smoothed([...Array(200).fill(0), ...Array(200).fill(1)], weightFor(0.8, 10));
  for (const index of [22, 27, 39])
    assert.ok(Math.abs((few[index] ?? 0) - (many[index * 10 + 9] ?? 0)) < 1e-3, `${index}`);
  assert.equal(weightFor(0.8, 1), 0.8);
});
