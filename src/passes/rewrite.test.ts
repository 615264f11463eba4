import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32 } from '../tensor/tensor.ts';
import { mergeEqual, prune } from './rewrite.ts';

const names = ({ nodes }: Graph) => nodes.map(({ name }) => name);

describe('merging equal nodes', () => {
  /** Makes a graph that pads x once with each of the values. */
  function padded(...values: readonly (number | undefined)[]): Graph {
    const b = new GraphBuilder('pads');
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    values.forEach((value, index) => {
      const around = { before: [1], after: [0], ...(value !== undefined && { value }) };
      b.output(`y${index}`, b.op('Pad', { x }, around));
    });
    return b.build();
  }

  test('removes a node that repeats another', () => {
    const merged = mergeEqual(padded(3, 3));
    assert.deepEqual(names(merged), ['Pad']);
    assert.equal(merged.results.output.get('y1'), merged.results.output.get('y0'));
    for (const value of [Number.NEGATIVE_INFINITY, Number.NaN, -0])
      assert.deepEqual(names(mergeEqual(padded(value, value))), ['Pad'], String(value));
  });

  test('distinguishes numbers that JSON writes the same way: both infinities, NaN, 0 and -0', () => {
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -0];
    const all = padded(...values);
    assert.deepEqual(names(mergeEqual(all)), names(all));
  });

  test('compares constants by their bytes and types', () => {
    const b = new GraphBuilder('constants');
    const constant = (data: Float32Array | Int32Array, shape: readonly number[]) =>
      b.op(
        'Constant',
        {},
        {
          value: data instanceof Int32Array ? { dtype: 'int32', shape, data } : float32(shape, data),
        },
      );
    const zeros = new Float32Array(2);
    [
      constant(zeros, [2]),
      constant(new Float32Array(2), [2]),
      constant(zeros, [1, 2]),
      constant(Float32Array.of(0, -0), [2]),
      constant(new Int32Array(2), [2]),
    ].forEach((value, index) => {
      b.output(`y${index}`, value);
    });
    assert.deepEqual(names(mergeEqual(b.build())), ['Constant', 'Constant_2', 'Constant_3', 'Constant_4']);
  });

  test('also merges nodes that become equal once their inputs are merged', () => {
    const b = new GraphBuilder('chain');
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    for (const output of ['first', 'second']) b.output(output, b.op('Neg', { x: b.op('Relu', { x }) }));
    assert.deepEqual(names(mergeEqual(b.build())), ['Relu', 'Neg']);
  });
});

test('pruning drops the nodes that no result needs', () => {
  const b = new GraphBuilder('dead');
  const x = b.variable('x', { dtype: 'float32', shape: [2] });
  const relu = b.op('Relu', { x });
  b.op('Square', { x: relu });
  b.update(x, b.op('Neg', { x: relu }));
  assert.deepEqual(names(prune(b.build())), ['Relu', 'Neg']);
});
