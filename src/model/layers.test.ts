import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensors } from '../engine/engine.ts';
import { GraphError, UsageError } from '../errors.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, float32Data } from '../tensor/tensor.ts';
import { float32Variants } from '../testing/engines.ts';
import { constantInit } from './initializers.ts';
import type { ConvolutionOptions } from './layer-options.ts';
import { Layers } from './layers.ts';

function convolution(options: Omit<ConvolutionOptions, 'initializer'>) {
  const builder = new GraphBuilder('layer');
  const layers = new Layers(builder, { training: true });
  const x = builder.input('x', { dtype: 'float32', shape: [2, 6, 9, 8] });
  const y = layers.convolution(x, { ...options, initializer: constantInit(1) });
  builder.output('y', y);
  const weights = builder.build().variables.get('weights');
  return { y: y.shape, weights: weights?.shape };
}

test('a convolution supports strides, explicit padding and groups', () => {
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

test('a convolution refuses invalid strides and groups', () => {
  const plain = { filters: 4, kernel: [3, 3], padding: 'SAME' } as const;
  const refusals = [
    [{ ...plain, strides: 0 }, /strides must be 2 whole numbers of 1 or more/],
    [{ ...plain, groups: 0 }, /groups must be a whole number of 1 or more, found 0/],
    [
      { ...plain, groups: 4 },
      /filter \[4, 1, 3, 3\] in 4 groups expects 4 input channels, but x \[2, 6, 9, 8\] has 6/,
    ],
    [{ ...plain, groups: 3 }, /in 3 groups has 4 output channels, which is not a multiple of 3/],
  ] as const;
  for (const [options, message] of refusals) {
    assert.throws(
      () => convolution(options),
      (error) => error instanceof GraphError && message.test(error.message),
      message.source,
    );
  }
});

test('the second weights in a scope have a different name, in training and in evaluation', () => {
  for (const training of [true, false]) {
    const builder = new GraphBuilder('block');
    const layers = new Layers(builder, { training });
    const x = builder.input('x', { dtype: 'float32', shape: [2, 3] });
    const y = builder.scope('block', () => {
      const options = { units: 3, initializer: constantInit(1), bias: 0, decayShare: 1 };
      const hidden = layers.batchNormalization(layers.dense(x, options));
      return layers.batchNormalization(layers.dense(hidden, options));
    });
    const { parameters, states } = layers.network(y);
    assert.deepEqual(
      [...parameters, ...states].map(({ variable }) => variable.name),
      [
        ...['weights', 'biases', 'gamma', 'beta', 'weights_1', 'biases_1', 'gamma_1', 'beta_1'],
        ...['moving_mean', 'moving_variance', 'moving_mean_1', 'moving_variance_1'],
      ].map((name) => `block/${name}`),
    );
    assert.equal(new Set(parameters.map(({ variable }) => variable)).size, parameters.length);
  }
});

test('a layer refuses options that it does not have, and values that are no sizes', () => {
  const builder = new GraphBuilder('layer');
  const layers = new Layers(builder, { training: true });
  const x = builder.input('x', { dtype: 'float32', shape: [2, 6, 9, 8] });
  const weights = { initializer: constantInit(1) };
  const convolution = { ...weights, filters: 4, kernel: [3, 3], padding: 'SAME' };
  const pool = { size: 2, stride: 2, padding: 'SAME' };
  const refusals = [
    [
      ['convolution', { ...convolution, filter: 3 }],
      'unknown option `convolution.filter`. Did you mean `convolution.filters`?',
    ],
    [['convolution', { ...convolution, bais: 0 }], 'Did you mean `convolution.bias`?'],
    [
      ['convolution', { ...convolution, kernel: [3] }],
      'convolution.kernel: found a list of length 1, expected length 2',
    ],
    [['convolution', weights], 'convolution.filters: found undefined, expected a whole number of at least 1'],
    [['convolution', undefined], 'convolution: found undefined, expected an object'],
    [
      ['locallyConnected', { ...convolution, groups: 2 }],
      'unknown option `locallyConnected.groups`. Known: initializer, decayShare, bias, filters, kernel, padding, strides',
    ],
    [
      ['dense', { ...weights, units: 3, bias: Number.NaN }],
      'dense.bias: found NaN, expected a finite number',
    ],
    [['dense', { units: 3 }], 'dense.initializer: found undefined, expected a function'],
    [['batchNormalization', { momentun: 0.1 }], 'Did you mean `batchNormalization.momentum`?'],
    [['dropout', { rates: 0.1 }], 'Did you mean `dropout.rate`?'],
    [['gelu', { approximation: true }], 'Did you mean `gelu.approximate`?'],
    [['localResponseNormalization', { depth: 4 }], 'unknown option `localResponseNormalization.depth`.'],
    [['maxPool', { ...pool, strides: 1 }], 'Did you mean `maxPool.stride`?'],
    [['averagePool', { ...pool, size: 0 }], 'averagePool.size: found 0'],
  ] as const;
  for (const [[layer, options], message] of refusals)
    assert.throws(
      () => Reflect.apply(Reflect.get(layers, layer), layers, [x, options]),
      (error) => error instanceof UsageError && error.message.includes(message),
      message,
    );
  assert.throws(() => Reflect.apply(layers.parameter, layers, ['w', [1], { initialiser: constantInit(1) }]), {
    name: 'UsageError',
    message: /Did you mean `parameter.initializer`\?$/,
  });
});

for (const { title, create, missing } of float32Variants)
  test(`batch normalization updates its running statistics and evaluates with them, ${title}`, {
    skip: missing,
  }, async () => {
    const graphOf = (training: boolean) => {
      const builder = new GraphBuilder('norm');
      const layers = new Layers(builder, { training });
      const x = builder.input('x', { dtype: 'float32', shape: [2, 2, 1, 2] });
      const y = layers.batchNormalization(x, { momentum: 0.25, epsilon: 0 });
      for (const { variable, update } of layers.network(y).states)
        if (update) builder.update(variable, update);
      builder.output('y', y);
      return builder.build();
    };
    // The channels are [1, 3, 5, 7] and [0, 0, 2, 2]: the means are 4 and 1, the variances are 5 and 1, and the unbiased
    // variances are 20/3 and 4/3.
    const x = float32([2, 2, 1, 2], Float32Array.of(1, 3, 0, 0, 5, 7, 2, 2));
    const vector = (first: number, second: number) => float32([2], Float32Array.of(first, second));
    const start = [
      ...[['gamma', vector(1, 2)] as const, ['beta', vector(0, 1)] as const],
      ...[['moving_mean', vector(0, 4)] as const, ['moving_variance', vector(1, 1)] as const],
    ];
    const stepped = async (training: boolean, variables: Tensors) => {
      const session = await create(1).compile(graphOf(training));
      try {
        await session.write(variables);
        const y = (await session.step(new Map([['x', x]]))).get('y');
        return { y: [...float32Data(y ?? x)], after: await session.read() };
      } finally {
        await session.release();
      }
    };
    const close = (found: Iterable<number>, expected: readonly number[]) =>
      [...found].forEach((value, index) => {
        assert.ok(
          Math.abs(value - (expected[index] ?? Number.NaN)) < 1e-5,
          `${[...found]}, expected ${expected}`,
        );
      });
    const { y, after } = await stepped(true, new Map(start));
    const unit = 1 / Math.sqrt(5);
    close(y, [-3 * unit, -unit, -1, -1, unit, 3 * unit, 3, 3]);
    const running = (variable: string) => float32Data(after.get(variable) ?? x);
    close(running('moving_mean'), [1, 3.25]);
    close(running('moving_variance'), [0.75 + 20 / 12, 0.75 + 4 / 12]);
    const [first, second] = [1 / Math.sqrt(0.75 + 20 / 12), 2 / Math.sqrt(0.75 + 4 / 12)];
    const evaluated = await stepped(false, after);
    const below = 1 - 3.25 * second;
    close(evaluated.y, [
      0,
      2 * first,
      below,
      below,
      4 * first,
      6 * first,
      below + 2 * second,
      below + 2 * second,
    ]);
  });
