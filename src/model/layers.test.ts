import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../errors.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { constantInit } from './initializers.ts';
import { type ConvolutionOptions, Layers } from './layers.ts';

function convolution(options: Omit<ConvolutionOptions, 'initializer'>) {
  const builder = new GraphBuilder('layer');
  const layers = new Layers(builder);
  const x = builder.input('x', { dtype: 'float32', shape: [2, 6, 9, 8] });
  const y = layers.convolution(x, { ...options, initializer: constantInit(1) });
  builder.output('y', y);
  const weights = builder.build().variables.get('weights');
  return { y: y.shape, weights: weights?.shape };
}

test('a convolution takes strides, explicit padding and groups', () => {
  const padding = { before: [1, 0], after: [1, 2] } as const;
  assert.deepEqual(convolution({ filters: 4, kernel: [3, 3], padding, strides: [2, 1], groups: 2 }), {
    y: [2, 4, 5, 8],
    weights: [4, 3, 3, 3],
  });
  assert.deepEqual(convolution({ filters: 12, kernel: [3, 5], padding: 'SAME', strides: 2, groups: 6 }), {
    y: [2, 12, 5, 4],
    weights: [12, 1, 3, 5],
  });
});

test('a convolution refuses strides and groups that have no meaning', () => {
  const plain = { filters: 4, kernel: [3, 3], padding: 'SAME' } as const;
  const refusals = [
    [{ ...plain, strides: 0 }, /strides must be 2 whole numbers of 1 or more/],
    [{ ...plain, groups: 0 }, /groups must be a whole number of 1 or more; found 0/],
    [
      { ...plain, groups: 4 },
      /filter \[4, 1, 3, 3\] in 4 groups expects 4 input channels, but x \[2, 6, 9, 8\] has 6/,
    ],
    [{ ...plain, groups: 3 }, /in 3 groups has 4 output channels, which do not divide into 3 groups/],
  ] as const;
  for (const [options, message] of refusals) {
    assert.throws(
      () => convolution(options),
      (error) => error instanceof GraphError && message.test(error.message),
      message.source,
    );
  }
});
