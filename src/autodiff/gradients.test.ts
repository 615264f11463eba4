import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { computeGraph, reference } from '../testing/reference.ts';
import { gradients } from './gradients.ts';

/** Returns the gradient with respect to x of the sum of the elements of `build(x)`. */
function slopeOf(x: Float32Tensor, build: (b: GraphBuilder, x: Value) => Value): readonly number[] {
  const b = new GraphBuilder('slope');
  const input = b.input('x', x);
  const y = build(b, input);
  const loss = b.op('Sum', { x: y }, { axes: [...y.shape.keys()], keepDims: false });
  const [slope] = gradients(b, loss, [input]);
  assert.ok(slope);
  assert.deepEqual(slope.shape, x.shape);
  b.output('slope', slope);
  return [...(computeGraph(b.build(), new Map([['x', reference(x)]])).get('slope')?.data ?? [])];
}

describe('the backward walk', () => {
  test('adds the contributions of all nodes that read a value', () => {
    const x = float32([2], [3, 5]);
    assert.deepEqual(
      slopeOf(x, (b, x) => b.op('Add', { a: b.op('Square', { x }), b: b.op('Mul', { a: x, b: x }) })),
      [12, 20],
    );
  });

  test('reverses broadcasting: sums over new leading axes and over axes of size 1', () => {
    const stretched = (b: GraphBuilder, x: Value) =>
      b.op('Add', { a: b.op('Constant', {}, { value: float32([3, 2, 4], new Float32Array(24)) }), b: x });
    assert.deepEqual(slopeOf(float32([], [1]), stretched), [24]);
    assert.deepEqual(slopeOf(float32([2, 1], [1, 2]), stretched), [12, 12]);
  });

  test('names the nodes it adds after the nodes it differentiates', () => {
    const b = new GraphBuilder('names');
    const x = b.input('x', { dtype: 'float32', shape: [] });
    const y = b.scope('layer', () => b.op('Square', { x }));
    assert.match(gradients(b, y, [x])[0]?.name ?? '', /^gradients\/layer\/Square_grad\//);
  });

  test('gives a gradient of 1 for a loss with respect to itself', () => {
    assert.deepEqual(
      slopeOf(float32([], [7]), (_, x) => x),
      [1],
    );
  });
});

describe('gradients() refuses', () => {
  const scalar = { dtype: 'float32', shape: [] } as const;

  test('a loss that is not a scalar', () => {
    const b = new GraphBuilder('vector');
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    assert.throws(() => gradients(b, x, [x]), new GraphError('a loss must be a scalar; x is float32 [2]'));
  });

  test('a value the loss does not depend on', () => {
    const b = new GraphBuilder('apart');
    const [x, y] = [b.input('x', scalar), b.input('y', scalar)];
    assert.throws(() => gradients(b, b.op('Neg', { x }), [x, y]), new GraphError('Neg does not depend on y'));
  });

  test('an operator without a gradient on the path to a value that needs one', () => {
    const b = new GraphBuilder('comparison');
    const x = b.input('x', scalar);
    assert.throws(
      () => gradients(b, b.op('GreaterEqual', { a: x, b: x }), [x]),
      new GraphError('GreaterEqual "GreaterEqual" has no gradient: a comparison has no derivative'),
    );
    const z = b.input('z', scalar);
    const masked = b.op('Mul', { a: z, b: b.op('GreaterEqual', { a: x, b: x }) });
    assert.doesNotThrow(() => gradients(b, masked, [z]));
  });

  test('the gradient of a loss with respect to its labels, which are class numbers', () => {
    const { b, labels, loss } = crossEntropy();
    assert.throws(
      () => gradients(b, sum(b, loss), [labels]),
      new GraphError('Sum does not depend on labels'),
    );
  });

  test('a loss that depends on an output other than the first', () => {
    const { b, logits, loss, backprop } = crossEntropy();
    const both = b.op('Add', { a: sum(b, loss), b: sum(b, backprop) });
    assert.throws(
      () => gradients(b, both, [logits]),
      new GraphError(
        'SparseSoftmaxCrossEntropyWithLogits "loss" only has a gradient for its first output, ' +
          'but the loss depends on its output backprop',
      ),
    );
    // The gradient with respect to `backprop` itself does not pass through the operator.
    assert.deepEqual(gradients(b, both, [backprop])[0]?.shape, [4, 10]);
  });
});

function crossEntropy() {
  const b = new GraphBuilder('loss');
  const logits = b.input('logits', { dtype: 'float32', shape: [4, 10] });
  const labels = b.input('labels', { dtype: 'int32', shape: [4] });
  return {
    b,
    logits,
    labels,
    ...b.outputsOf('SparseSoftmaxCrossEntropyWithLogits', { logits, labels }, {}, 'loss'),
  };
}

function sum(b: GraphBuilder, x: Value): Value {
  return b.op('Sum', { x }, { axes: [...x.shape.keys()], keepDims: false });
}
