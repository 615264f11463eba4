import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { curveOf, decimated } from './decimate.ts';

const values = fc.array(fc.double(), { maxLength: 300 }).map((list) => Float64Array.from(list));

test('few points remain, in order, with the first and the last', () =>
  fc.assert(
    fc.property(values, fc.integer({ min: 4, max: 50 }), (all, most) => {
      const kept = decimated({ values: all }, most);
      assert.ok(kept.length <= Math.max(most, 0));
      assert.deepEqual(
        kept,
        [...new Set(kept)].sort((a, b) => a - b),
      );
      if (all.length > 0) assert.deepEqual([kept[0], kept.at(-1)], [0, all.length - 1]);
      if (all.length <= most) assert.equal(kept.length, all.length);
    }),
  ));

test('the extremes of all finite values remain', () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 4, max: 50 }),
      (list, most) => {
        const kept = decimated({ values: Float64Array.from(list) }, most).map((index) => list[index] ?? 0);
        assert.equal(Math.max(...kept), Math.max(...list));
        assert.equal(Math.min(...kept), Math.min(...list));
      },
    ),
  ));

test('a single value that is not finite remains visible', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 300 }),
      fc.nat(99),
      fc.constantFrom(Number.NaN, Infinity, -Infinity),
      (count, at, bad) => {
        const all = Float64Array.from({ length: count }, (_, index) =>
          index === at ? bad : Math.sin(index),
        );
        assert.ok(decimated({ values: all }, 20).includes(at));
      },
    ),
  ));

test('a curve for JSON has null for values that are not finite', () => {
  const points = {
    steps: Float64Array.of(1, 2),
    times: Float64Array.of(1.23456, 2),
    values: Float64Array.of(Number.NaN, 0.5),
  };
  assert.deepEqual(curveOf(points, [0, 1]), { steps: [1, 2], times: [1.235, 2], values: [null, 0.5] });
});
