import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeCheckpoint } from '../../testing/dashboard-data.ts';
import { filterPictures, filtersOnPictures } from './filter-pictures.ts';
import { readTensorFile } from './tensor-file.ts';

const bufferOf = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

test('the tensors of a checkpoint are read', () => {
  const [tensor] = readTensorFile(bufferOf(madeCheckpoint()));
  assert.ok(tensor);
  assert.equal(tensor.name, 'conv1/weights');
  assert.deepEqual(tensor.shape, [64, 3, 5, 5]);
  assert.equal(tensor.values.length, 4800);
  assert.equal(tensor.values[0], Math.fround(0.1));
});

test('a file that is cut off is refused', () => {
  const whole = madeCheckpoint();
  for (const length of [0, 7, 30, whole.length - 1])
    assert.throws(() => readTensorFile(bufferOf(whole.subarray(0, length))), RangeError, `${length}`);
});

test('filters are tensors on gray or RGB pictures, the weights before values that were derived from them', () => {
  const tensor = (name: string, shape: readonly number[]) => ({ name, shape, values: new Float32Array(0) });
  const names = filtersOnPictures([
    tensor('conv1/weights/average', [8, 3, 5, 5]),
    tensor('conv1/weights', [8, 3, 5, 5]),
    tensor('conv2/weights', [8, 8, 5, 5]),
    tensor('local3/weights', [8, 3]),
    tensor('mix/weights', [8, 3, 1, 1]),
    tensor('gray/weights', [8, 1, 3, 3]),
  ]).map(({ name }) => name);
  assert.deepEqual(names, ['conv1/weights', 'gray/weights', 'conv1/weights/average']);
});

test('gray is 0, and the weight farthest from 0 is black or white in its color', () => {
  const values = Float32Array.of(0, 2, -2, 1, 0, 0, 0, 0.5, 0, 0, 0, 0);
  const tensor = { name: 'w', shape: [2, 3, 1, 2], values };
  const [first, second] = filterPictures(tensor, 'each');
  assert.deepEqual([...(first?.pixels ?? [])], [128, 0, 128, 255, 255, 191, 128, 255]);
  assert.deepEqual([...(second?.pixels ?? [])].slice(0, 4), [128, 128, 128, 255]);
  assert.equal(second?.pixels[4], 255);
  assert.equal(filterPictures(tensor, 'all')[1]?.pixels[4], 159, 'a quarter of the largest of all filters');
  assert.equal(first?.size, Math.sqrt(9 / 6));
});
