import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinched } from './pinch.ts';

const range = { low: 100, high: 300 };

test('fingers that move apart show a smaller range, and what is below them stays there', () => {
  assert.deepEqual(pinched(range, [0.25, 0.75], [0, 1]), { low: 150, high: 250 });
  const found = pinched(range, [0.4, 0.6], [0.3, 0.8]);
  assert.ok(found !== undefined);
  for (const [before, after] of [
    [0.4, 0.3],
    [0.6, 0.8],
  ] as const) {
    const value = found.low + after * (found.high - found.low);
    assert.ok(Math.abs(value - (100 + before * 200)) < 1e-9);
  }
});

test('fingers that move together show a larger range, and fingers that move in parallel move it', () => {
  assert.deepEqual(pinched(range, [0, 1], [0.25, 0.75]), { low: 0, high: 400 });
  const moved = pinched(range, [0.5, 0.75], [0.25, 0.5]);
  assert.deepEqual(moved, { low: 150, high: 350 });
});

test('fingers that are too close, or that crossed, change nothing', () => {
  assert.equal(pinched(range, [0.5, 0.51], [0.2, 0.8]), undefined);
  assert.equal(pinched(range, [0.2, 0.8], [0.5, 0.505]), undefined);
  assert.equal(pinched(range, [0.2, 0.8], [0.8, 0.2]), undefined);
});
