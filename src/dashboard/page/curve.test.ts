import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appended,
  ascending,
  curveOfBytes,
  lowerBound,
  nearestIndex,
  reduced,
  reducedCurve,
  within,
} from './curve.ts';

const curve = (steps: readonly number[]) => ({
  steps,
  times: steps.map((step) => 1000 + step),
  values: steps.map((step) => step / 10),
});

test('new points follow those that are known, and those that are known already are left out', () => {
  assert.deepEqual(appended(curve([1, 2]), curve([3])), curve([1, 2, 3]));
  assert.deepEqual(appended(curve([1, 2, 3]), curve([2, 3, 4])), curve([1, 2, 3, 4]));
  assert.deepEqual(appended(curve([1, 2, 9]), curve([2, 3])), curve([1, 2, 9]));
  assert.deepEqual(appended(curve([]), curve([3])), curve([3]));
  assert.deepEqual(appended(curve([1, 2]), curve([])), curve([1, 2]));
});

test('steps that repeat or go back are new points if they are later', () => {
  const first = { steps: [0, 0, 5], times: [1, 2, 3], values: [1, 2, 3] };
  const again = { steps: [5, 0, 1], times: [3.0004, 4, 5], values: [3, 4, 5] };
  assert.deepEqual(appended(first, again), {
    steps: [0, 0, 5, 0, 1],
    times: [1, 2, 3, 4, 5],
    values: [1, 2, 3, 4, 5],
  });
  // A clock that was set back.
  const earlier = { steps: [6], times: [0.5], values: [null] };
  assert.deepEqual(appended(first, earlier).steps, [0, 0, 5, 6]);
});

test('a line is drawn in the order of x', () => {
  const line = { x: [0, 0, 5, 0, 1], y: [1, 2, 3, null, 5] };
  assert.deepEqual(ascending(line), { x: [0, 0, 0, 1, 5], y: [1, 2, null, 5, 3] });
  const sorted = { x: [1, 1, 2], y: [3, 2, 1] };
  assert.equal(ascending(sorted).x, sorted.x);
});

test('a single gap in a long line stays', () => {
  const y: (number | null)[] = Array.from({ length: 5000 }, (_, index) => index % 7);
  y[2345] = null;
  const few = reduced({ x: y.map((_, index) => index), y }, 200);
  assert.deepEqual(
    few.y.filter((value) => value === null),
    [null],
  );
  assert.equal(few.x[few.y.indexOf(null)], 2345);
});

test('a curve is read from its bytes, and bytes that are cut off are refused', () => {
  const numbers = new Float64Array([10, 20, 1.5, 2.5, 0.25, Number.NaN]);
  assert.deepEqual(curveOfBytes(numbers.buffer), {
    steps: [10, 20],
    times: [1.5, 2.5],
    values: [0.25, null],
  });
  assert.throws(() => curveOfBytes(new ArrayBuffer(25)), RangeError);
});

test('the bounds and the nearest element are those of a search through the whole list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -50, max: 50 })),
      fc.integer({ min: -60, max: 60 }),
      (list, value) => {
        const sorted = list.toSorted((a, b) => a - b);
        const bound = sorted.findIndex((element) => element >= value);
        assert.equal(lowerBound(sorted, value), bound < 0 ? sorted.length : bound);
        const distance = Math.min(...sorted.map((element) => Math.abs(element - value)));
        const found = sorted[nearestIndex(sorted, value)];
        assert.equal(found === undefined ? Number.POSITIVE_INFINITY : Math.abs(found - value), distance);
      },
    ),
  );
});

test('a range has its points and one more on each side', () => {
  const line = { x: [0, 1, 2, 3, 4], y: [0, 1, 2, 3, 4] };
  assert.deepEqual(within(line, 1.5, 2.5).x, [1, 2, 3]);
  assert.deepEqual(within(line, 1, 3).x, [0, 1, 2, 3, 4]);
  assert.deepEqual(within(line, 10, 20).x, [4]);
});

test('a reduced line keeps its ends and the extremes, in order', () => {
  const y: (number | null)[] = Array.from({ length: 5000 }, (_, index) => Math.sin(index / 50));
  [y[1234], y[3456]] = [90, -80];
  y.fill(null, 2000, 2100);
  const line = { x: y.map((_, index) => index), y };
  const few = reduced(line, 200);
  assert.ok(few.x.length <= 200 && few.x.length > 150, `${few.x.length}`);
  assert.deepEqual([few.x[0], few.x.at(-1)], [0, 4999]);
  assert.deepEqual(
    few.x,
    few.x.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(few.x).size, few.x.length);
  for (const at of [1234, 3456]) assert.equal(few.y[few.x.indexOf(at)], y[at]);
  assert.ok(few.y.includes(null), 'the gap');
  assert.equal(reduced(line, 5000).x, line.x);
});

test('a reduced curve has the steps, times and values of the same points', () => {
  const whole = curve(Array.from({ length: 1000 }, (_, index) => index));
  const few = reducedCurve(whole, 100);
  assert.ok(few.steps.length <= 100);
  assert.deepEqual(few, curve(few.steps));
});
