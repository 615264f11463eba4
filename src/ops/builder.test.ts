import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../errors.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { GraphBuilder } from './builder.ts';

const two: TensorType = { dtype: 'float32', shape: [2] };
const three: TensorType = { dtype: 'float32', shape: [3] };

test('nodes of the same name are numbered, scopes prefix names, and outputs after the first get their own names', () => {
  const b = new GraphBuilder('names');
  const x = b.input('x', two);
  const names = b.scope('layer', () => [
    b.op('Neg', { x }),
    b.op('Neg', { x }),
    b.op('Neg', { x }, {}, 'minus'),
  ]);
  assert.deepEqual(
    names.map(({ name }) => name),
    ['layer/Neg', 'layer/Neg_1', 'layer/minus'],
  );
  const logits = b.input('logits', { dtype: 'float32', shape: [4, 10] });
  const labels = b.input('labels', { dtype: 'int32', shape: [4] });
  const { loss, backprop } = b.outputsOf(
    'SparseSoftmaxCrossEntropyWithLogits',
    { logits, labels },
    {},
    'loss',
  );
  assert.deepEqual([loss.name, backprop.name], ['loss', 'loss:backprop']);
});

test('a scope ends even if building in it throws', () => {
  const b = new GraphBuilder('scopes');
  assert.throws(() =>
    b.scope('layer', () => {
      throw new Error('stop');
    }),
  );
  assert.equal(b.op('Neg', { x: b.input('x', two) }).name, 'Neg');
});

test('an input and a variable cannot share a name', () => {
  const b = new GraphBuilder('twice');
  b.input('x', two);
  assert.throws(() => b.input('x', two), new GraphError('graph twice has two values named x'));
  assert.throws(() => b.variable('x', two), new GraphError('graph twice has two values named x'));
});

test('requesting a variable again returns the same one; another type is refused', () => {
  const b = new GraphBuilder('shared');
  const weights = b.scope('layer', () => b.variable('weights', two));
  assert.equal(b.variable('layer/weights', two), weights);
  assert.throws(
    () => b.variable('layer/weights', three),
    new GraphError('variable layer/weights: the variable is float32 [2], its new value is float32 [3]'),
  );
});

test('two outputs cannot share a name', () => {
  const b = new GraphBuilder('outputs');
  const x = b.input('x', two);
  b.output('y', x);
  assert.throws(() => b.output('y', x), new GraphError('graph outputs has two output results named y'));
});

test('a variable is updated at most once, by a value of its type', () => {
  const b = new GraphBuilder('updates');
  const x = b.variable('x', two);
  assert.throws(
    () => b.update(x, b.variable('wide', three)),
    new GraphError('update of x: the variable is float32 [2], its new value is float32 [3]'),
  );
  b.update(x, b.op('Neg', { x }));
  assert.throws(() => b.update(x, x), new GraphError('graph updates has two update results named x'));
});

test('build() checks the graph: values of another graph and updates of non-variables are refused', () => {
  const b = new GraphBuilder('strange');
  b.op('Neg', { x: new GraphBuilder('other').input('x', two) });
  assert.throws(
    () => b.build(),
    new GraphError(
      'graph strange: Neg = Neg(x: x) → float32 [2] reads x, which no input, variable or earlier node provides',
    ),
  );
  const c = new GraphBuilder('fed');
  const x = c.input('x', two);
  c.update(x, x);
  assert.throws(() => c.build(), new GraphError('graph fed: update of x, which is not a variable'));
});

test('a built graph does not change when the builder adds more', () => {
  const b = new GraphBuilder('growing');
  const x = b.input('x', two);
  const first = b.build();
  b.output('y', b.op('Neg', { x }));
  const v = b.variable('v', two);
  b.update(v, x);
  b.input('z', two);
  const counts = ({ inputs, variables, nodes, results }: typeof first) =>
    [inputs.size, variables.size, nodes.length, results.output.size, results.update.size] as const;
  assert.deepEqual(counts(first), [1, 0, 0, 0, 0]);
  assert.deepEqual(counts(b.build()), [2, 1, 1, 1, 1]);
});
