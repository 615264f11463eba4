import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrunkTo } from './shrink.ts';

test('an image that is small enough is returned unchanged', () => {
  const picture = { width: 3, height: 2, channels: 1, data: new Uint8Array(6) } as const;
  assert.equal(shrunkTo(picture, 3), picture);
});

test('the pixels of a smaller image are means of squares, which are cut off at the edges', () => {
  const data = Uint8Array.of(0, 10, 100, 20, 30, 200, 7, 9, 50);
  assert.deepEqual(shrunkTo({ width: 3, height: 3, channels: 1, data }, 2), {
    ...{ width: 2, height: 2, channels: 1 },
    data: Uint8Array.of(15, 150, 8, 50),
  });
});

test('channels are not mixed, and the shape is kept', () => {
  const data = Uint8Array.from({ length: 8 * 4 * 3 }, (_, index) => [10, 20, 30][index % 3] ?? 0);
  const { width, height, data: smaller } = shrunkTo({ width: 8, height: 4, channels: 3, data }, 4);
  assert.deepEqual([width, height], [4, 2]);
  assert.deepEqual([...smaller.subarray(0, 6)], [10, 20, 30, 10, 20, 30]);
});
