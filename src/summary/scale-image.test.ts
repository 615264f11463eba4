import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../tensor/tensor.ts';
import { scaleImage } from './scale-image.ts';

const gray = (values: readonly number[]) => [...scaleImage(float32([1, 1, values.length], values)).data];

test('values of 0 and above are scaled so that the largest becomes 255', () => {
  assert.deepEqual(gray([0, 1, 2, 4]), [0, 63, 127, 255]);
});

test('values of both signs are scaled so that 0 becomes medium gray', () => {
  assert.deepEqual(gray([-2, -1, 0, 1, 2]), [1, 64, 128, 191, 255]);
  assert.deepEqual(gray([-4, -1]), [1, 96]);
  assert.deepEqual(gray([-1, 4]), [96, 255]);
});

test('an image of values near 0 is black, or gray if some of them are negative', () => {
  assert.deepEqual(gray([0, 0]), [0, 0]);
  assert.deepEqual(gray([0, 9e-7]), [0, 0]);
  assert.deepEqual(gray([-9e-7, 9e-7]), [128, 128]);
});

test('the channels [C, H, W] become pixels [H, W, C], scaled together', () => {
  const image = float32([3, 1, 2], [10, 20, 30, 40, 50, 100]);
  assert.deepEqual(scaleImage(image), {
    ...{ width: 2, height: 1, channels: 3 },
    data: Uint8Array.of(25, 76, 127, 51, 102, 255),
  });
});

test('a pixel with a channel that is not finite is red, and does not affect the others', () => {
  const image = float32([3, 1, 2], [1, 1, 2, Number.NaN, 4, 1e9]);
  assert.deepEqual([...scaleImage(image).data], [63, 127, 255, 255, 0, 0]);
  assert.deepEqual(gray([Number.POSITIVE_INFINITY, 1]), [255, 255]);
  assert.deepEqual(gray([Number.NaN]), [255]);
});

test('other shapes are refused', () => {
  for (const shape of [[4], [2, 1, 2], [1, 3, 1, 1]]) {
    assert.throws(() => scaleImage(float32(shape, new Float32Array(shape.reduce((a, b) => a * b)))), {
      name: 'RangeError',
      message: `an image must be [1, rows, columns] or [3, rows, columns], found float32 [${shape.join(', ')}]`,
    });
  }
});
