import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactAxis, isBetterLogarithmic, linearAxis, logarithmicAxis } from './axis.ts';
import { thinned } from './sections/curves.ts';

test('a linear axis has round labels that enclose the values', () => {
  assert.deepEqual(linearAxis(0.13, 0.94).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(linearAxis(0, 3, 3).ticks, [0, 1, 2, 3]);
  const { place } = linearAxis(0.13, 0.94);
  assert.deepEqual([place(0), place(0.5), place(1)], [0, 0.5, 1]);
});

test('equal values have an axis, too', () => {
  for (const value of [0, 0.1, -3, 1e9]) {
    const { ticks, place } = linearAxis(value, value);
    assert.ok(ticks.length > 1 && Number.isFinite(place(value)), String(value));
  }
});

test('an exact axis ends at its values', () => {
  const axis = exactAxis(0, 3141);
  assert.deepEqual(axis.ticks, [0, 1000, 2000, 3000]);
  assert.equal(axis.place(3141), 1);
});

test('a logarithmic axis places equal factors at equal distances', () => {
  const axis = logarithmicAxis(0.001, 0.1);
  assert.deepEqual(axis.ticks, [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]);
  assert.ok(Math.abs(axis.place(0.01) - 0.5) < 1e-12);
  assert.ok(logarithmicAxis(1e-12, 10).ticks.length < 10);
  assert.ok(Number.isFinite(logarithmicAxis(0.1, 0.1).place(0.1)));
});

test('staircases and steep losses are shown logarithmically, cosines and values of 0 are not', () => {
  assert.ok(isBetterLogarithmic([0.1, 0.1, 0.01, 0.001]));
  const cosine = Array.from({ length: 100 }, (_, step) => 0.05 * (1 + Math.cos((Math.PI * step) / 100)));
  assert.ok(!isBetterLogarithmic(cosine));
  assert.ok(!isBetterLogarithmic([0, 1, 100]));
  assert.ok(!isBetterLogarithmic([]));
});

test('a long curve keeps its peaks and its order', () => {
  const points = Array.from({ length: 10_000 }, (_, step) => ({
    step,
    value: step === 7777 ? 100 : step % 7,
  }));
  const some = thinned(points);
  assert.ok(some.length <= 800 && some.some(({ value }) => value === 100));
  assert.deepEqual(
    some,
    some.toSorted((a, b) => a.step - b.step),
  );
});
