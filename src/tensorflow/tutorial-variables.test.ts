import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Float32Tensor, float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { fromTutorial, toTutorial } from './tutorial-variables.ts';

const counted = (...shape: number[]): Float32Tensor =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

const globalStep = 300;
/** Two channels of 3 × 3 pixels, and five units. */
const tensors = new Map([
  ['conv2/weights', counted(2, 3, 5, 4)],
  ['conv2/weights/ExponentialMovingAverage', counted(2, 3, 5, 4)],
  ['conv2/biases', counted(2)],
  ['local3/weights', counted(18, 5)],
  ['local3/weights/ExponentialMovingAverage', counted(18, 5)],
  ['local4/weights', counted(5, 3)],
  ['total_loss/avg', scalar(2.5)],
]);
const at = (tensor: Tensor | undefined, index: number) => Number(tensor?.data[index]);

test('filters are stored as [rows, columns, input channels, output channels]', () => {
  const filter = toTutorial({ globalStep, tensors }).get('conv2/weights');
  assert.deepEqual(filter?.shape, [5, 4, 3, 2]);
  for (const [o, i, y, x] of [
    [0, 0, 0, 1],
    [1, 0, 0, 0],
    [1, 2, 4, 3],
    [0, 1, 3, 2],
  ] as const)
    assert.equal(at(filter, ((y * 4 + x) * 3 + i) * 2 + o), ((o * 3 + i) * 5 + y) * 4 + x);
});

test('the layer after the flattening takes pixels with their channels together', () => {
  const stored = toTutorial({ globalStep, tensors });
  for (const name of ['local3/weights', 'local3/weights/ExponentialMovingAverage']) {
    const weights = stored.get(name);
    assert.deepEqual(weights?.shape, [18, 5]);
    for (const [c, y, x, unit] of [
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [1, 2, 1, 4],
      [0, 1, 2, 3],
    ] as const)
      assert.equal(at(weights, ((y * 3 + x) * 2 + c) * 5 + unit), ((c * 3 + y) * 3 + x) * 5 + unit);
  }
});

test('other tensors are unchanged, and the step has both names', () => {
  const stored = toTutorial({ globalStep, tensors });
  for (const name of ['conv2/biases', 'local4/weights', 'total_loss/avg'])
    assert.deepEqual(stored.get(name), tensors.get(name));
  assert.deepEqual(stored.get('Variable'), { dtype: 'int32', shape: [], data: Int32Array.of(300) });
  assert.deepEqual(stored.get('global_step'), { dtype: 'int64', shape: [], data: BigInt64Array.of(300n) });
});

test('converting back gives the same bits', () => {
  assert.deepEqual(fromTutorial(toTutorial({ globalStep, tensors })), { globalStep, tensors });
});

test('a checkpoint without a step is refused', () => {
  assert.throws(() => fromTutorial(tensors), /has no step; expected a number named Variable or global_step/);
});

test('rows that are not those of square images are refused', () => {
  const odd = new Map([...tensors, ['local3/weights', counted(16, 5)]] as const);
  assert.throws(
    () => toTutorial({ globalStep, tensors: odd }),
    /local3\/weights has 16 rows, which are not those of square images with 2 channels/,
  );
});
