import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { float32 } from '../tensor/tensor.ts';
import { computeOperator, reference, windows } from './reference.ts';

describe('the reference matches results computed by hand', () => {
  // Columns: padding, length, size of the window, stride, number of windows, position of the first window.
  const cases = [
    ['SAME', 24, 5, 1, 24, -2],
    ['SAME', 24, 3, 2, 12, 0],
    ['SAME', 12, 3, 2, 6, 0],
    ['SAME', 7, 3, 2, 4, -1],
    ['SAME', 9, 4, 3, 3, 0],
    ['SAME', 10, 6, 3, 4, -2],
    ['SAME', 4, 2, 1, 4, 0],
    ['SAME', 5, 1, 2, 3, 0],
    ['VALID', 7, 3, 2, 3, 0],
    ['VALID', 8, 3, 2, 3, 0],
    ['VALID', 5, 5, 1, 1, 0],
  ] as const;
  for (const [padding, length, size, stride, count, first] of cases) {
    test(`${padding}: windows of ${size} over ${length} with stride ${stride}: ${count}, the first at ${first}`, () => {
      // Adding 0 turns -0 into 0.
      const found = windows(length, size, stride, padding);
      assert.deepEqual([found.count, found.first + 0], [count, first]);
    });
  }

  test('with explicit padding, windows start at the first padded cell, and there are as many as fit', () => {
    assert.deepEqual(windows(5, 3, 2, { before: 1, after: 2 }), { count: 3, first: -1 });
    assert.deepEqual(windows(5, 3, 2, { before: 1, after: 1 }), { count: 3, first: -1 });
    assert.deepEqual(windows(6, 3, 4, { before: 0, after: 0 }), { count: 1, first: -0 });
  });

  test('a convolution with strides and groups reads every other column, and only the channels of its group', () => {
    const x = reference(float32([1, 2, 1, 4], [1, 2, 3, 4, 5, 6, 7, 8]));
    const filter = reference(float32([2, 1, 1, 2], [1, 10, 100, 1000]));
    const strided = { padding: 'VALID', strides: [1, 2], groups: 2 } as const;
    const { y } = computeOperator('Conv2D', { x, filter }, strided);
    assert.deepEqual(
      [y.shape, [...y.data]],
      [
        [1, 2, 1, 2],
        [21, 43, 6500, 8700],
      ],
    );
  });

  test('a convolution with a window of two cells pads after the image', () => {
    const x = reference(float32([1, 1, 2, 2], [1, 2, 3, 4]));
    const filter = reference(float32([1, 1, 2, 2], [1, 10, 100, 1000]));
    const same = computeOperator('Conv2D', { x, filter }, { padding: 'SAME' }).y;
    assert.deepEqual([...same.data], [1 + 20 + 300 + 4000, 2 + 400, 3 + 40, 4]);
    const valid = computeOperator('Conv2D', { x, filter }, { padding: 'VALID' }).y;
    assert.deepEqual([valid.shape, [...valid.data]], [[1, 1, 1, 1], [4321]]);
  });

  test('a pool of size 3 and stride 2 starts at the corner of an image of even size, and one cell before the corner of one of odd size', () => {
    const pool = { size: 3, stride: 2, padding: 'SAME' } as const;
    const count = (n: number) => Float32Array.from({ length: n * n }, (_, i) => i);
    const even = computeOperator('MaxPool', { x: reference(float32([1, 1, 4, 4], count(4))) }, pool).y;
    assert.deepEqual([...even.data], [10, 11, 14, 15]);
    const odd = computeOperator('MaxPool', { x: reference(float32([1, 1, 3, 3], count(3))) }, pool).y;
    assert.deepEqual([...odd.data], [4, 5, 7, 8]);
  });
});

test('the reference shares no arithmetic with the code that is compared with it', () => {
  const text = readFileSync(new URL('../../src/testing/reference.ts', import.meta.url), 'utf8');
  const imported = [...text.matchAll(/^import (?!type )[^;]*?from '([^']+)'/gms)].map(([, file]) => file);
  // float16.test.ts compares the conversions of float16 with NumPy's.
  assert.deepEqual(imported, [
    '../graph/graph.ts',
    '../graph/results.ts',
    '../tensor/float16.ts',
    '../tensor/tensor.ts',
  ]);
});
