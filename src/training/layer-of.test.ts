import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerOf } from './layer-of.ts';

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
