import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerOf, profileSums } from './profile.ts';

test('layerOf finds the layer of a part from its path, forward and backward', () => {
  const layers = {
    'conv1/Conv2D': 'conv1',
    norm2: 'norm2',
    'norm2/4': 'norm2',
    'gradients/conv2/Conv2D_grad/Conv2DBackpropFilter': 'conv2 backward',
    'gradients/pool1_grad/MaxPoolGrad/MaxPoolGrad': 'pool1 backward',
    'conv2/L2Loss/3': 'weight decay',
    'gradients/local4/weight_loss_grad/Mul': 'weight decay',
    'train/conv1/weights/ExponentialMovingAverage': 'update',
    cross_entropy_per_example: 'loss',
  };
  for (const [name, layer] of Object.entries(layers)) assert.equal(layerOf(name), layer, name);
});

test('times are summed by operator and by layer in descending order, and data movement is listed', () => {
  const part = (op: string, name: string, millis: number) => ({
    op,
    name,
    millis,
    fastest: millis,
    code: 'jit',
  });
  const sums = profileSums([
    part('Conv2D', 'conv1/Conv2D', 2),
    part('Conv2D', 'conv2/Conv2D', 5),
    part('Reorder', 'conv2/weights', 1),
  ]);
  assert.equal(sums.millis, 8);
  assert.deepEqual(sums.operators, [
    { what: 'Conv2D', millis: 7, calls: 2 },
    { what: 'Reorder', millis: 1, calls: 1 },
  ]);
  assert.deepEqual(sums.layers, [
    { what: 'conv2', millis: 6, calls: 2 },
    { what: 'conv1', millis: 2, calls: 1 },
  ]);
  assert.deepEqual(sums.moves, [{ what: 'Reorder', millis: 1, calls: 1 }]);
  assert.equal(sums.longest[0]?.what, 'conv2/Conv2D (jit)');
});
