import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../autodiff/gradients.ts';
import type { Value } from '../graph/graph.ts';
import type { Shape } from '../tensor/tensor.ts';
import { GraphBuilder } from './builder.ts';

const epsilon = 1e-5;

function graphOf(x: Shape, scale: Shape = [x[1] ?? 1]) {
  const builder = new GraphBuilder('batch norm');
  const input = (name: string, shape: Shape) => builder.input(name, { dtype: 'float32', shape });
  const inputs = { x: input('x', x), scale: input('scale', scale), offset: input('offset', [x[1] ?? 1]) };
  return { builder, inputs, add: () => builder.outputsOf('FusedBatchNormV3', inputs, { epsilon }) };
}

describe('batch normalization refuses', () => {
  test('a channel with a single value, whose variance would be 0', () => {
    assert.throws(graphOf([1, 4]).add, /x float32 \[1, 4\] has 1 value per channel.* need 2 or more/);
    assert.throws(graphOf([1, 4, 1, 1]).add, /has 1 value per channel/);
    graphOf([1, 4, 1, 2]).add();
  });
  test('a scale with a different number of channels', () => {
    assert.throws(graphOf([2, 4], [3]).add, /scale must have the 4 channels of x, found float32 \[3\]/);
  });
  test('an x that is neither [N, C] nor [N, C, H, W]', () => {
    assert.throws(graphOf([2, 4, 3]).add, /x must be float32 \[N, C\] or \[N, C, H, W\]/);
  });
});

test('one operator computes all gradients of a batch normalization', () => {
  const { builder, inputs, add } = graphOf([2, 4, 3, 3]);
  const loss = builder.op('L2Loss', { x: add().y });
  const found = gradients(builder, loss, [inputs.x, inputs.scale, inputs.offset]);
  const nodes = builder.build().nodes.filter(({ op }) => op === 'FusedBatchNormGradV3');
  assert.equal(nodes.length, 1);
  assert.deepEqual(found, Object.values<Value>(nodes[0]?.outputs ?? {}));
});

test('a loss that depends on the statistics is refused, because they have no gradient', () => {
  const { builder, inputs, add } = graphOf([2, 4]);
  const loss = builder.op('L2Loss', { x: add().batchMean });
  assert.throws(() => gradients(builder, loss, [inputs.x]), /depends on its output batchMean/);
});
