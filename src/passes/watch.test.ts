import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../errors.ts';
import { printGraph, printNode } from '../graph/print.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { assertClose } from '../testing/compare.ts';
import { computeGraph } from '../testing/reference.ts';
import { commuteRelu } from './commute-pool.ts';
import { mergeEqual, prune } from './rewrite.ts';
import { withoutWatched } from './watch.ts';

const pool = { size: 2, stride: 2, padding: 'VALID' } as const;

/** Makes a graph with a ReLU that a pass moves after its pool, unless another node reads the ReLU. */
function pooled(watch: (builder: GraphBuilder, relu: ReturnType<GraphBuilder['op']>) => void) {
  const builder = new GraphBuilder('pooled');
  const x = builder.input('x', { dtype: 'float32', shape: [1, 1, 4, 4] });
  const relu = builder.op('Relu', { x }, {}, 'relu');
  builder.output('y', builder.op('MaxPool', { x: relu }, pool, 'pool'));
  watch(builder, relu);
  return builder.build();
}
const values = new Map([
  ['x', { shape: [1, 1, 4, 4], data: Float64Array.from({ length: 16 }, (_, i) => Math.sin(i)) }],
]);

test('watching does not change how a pass rewrites the step', () => {
  const graph = pooled((builder, relu) => {
    builder.watch('relu/activations', relu);
    builder.watch('negative', builder.op('Neg', { x: relu }, {}, 'negated'));
  });
  const made = commuteRelu(graph);
  assert.equal(printGraph(withoutWatched(made)), printGraph(commuteRelu(withoutWatched(graph))));
  const added = made.nodes.filter(
    ({ name }) => !withoutWatched(made).nodes.some((node) => node.name === name),
  );
  assert.deepEqual(
    added.map((node) => printNode(node).split(' → ')[0]),
    ['relu/watched = Relu(x: x)', 'negated = Neg(x: relu/watched)'],
  );
  const [before, after] = [computeGraph(graph, values), computeGraph(made, values)];
  assert.deepEqual([...after.keys()].sort(), ['watched negative', 'watched relu/activations', 'y']);
  for (const [name, value] of before) assertClose(after.get(name), value, 0, name);
});

test('the gradient between ReLU and pool, which the pass removes, can be watched', () => {
  const graph = pooled((builder, relu) => {
    const y = builder.op('MaxPool', { x: relu }, pool, 'again');
    const dr = builder.op('MaxPoolGrad', { x: relu, y, dy: y }, pool, 'slope');
    builder.output('dx', builder.op('ReluGrad', { dy: dr, y: relu }, {}, 'relu slope'));
    builder.watch('dr', dr);
  });
  // The graph above has two equal pools. Merging them leaves one pool that reads the ReLU, as in a training step.
  const one = mergeEqual(graph);
  const made = commuteRelu(one);
  assert.match(printGraph(made), /pool\/Relu = Relu\(x: pool\/MaxPool\)/, 'the ReLU moves');
  assert.match(printGraph(made), /watched dr = slope\/watched/);
  for (const [name, value] of computeGraph(graph, values))
    assertClose(computeGraph(made, values).get(name), value, 0, name);
});

test('watching a value that no pass removes does not copy it', () => {
  const builder = new GraphBuilder('step');
  const x = builder.input('x', { dtype: 'float32', shape: [2] });
  const v = builder.variable('v', { dtype: 'float32', shape: [2] });
  const sum = builder.op('Add', { a: v, b: x }, {}, 'sum');
  builder.update(v, sum);
  builder.output('doubled', builder.op('Add', { a: sum, b: sum }, {}, 'twice'));
  for (const [name, value] of Object.entries({ x, v, after: sum })) builder.watch(name, value);
  const graph = builder.build();
  for (const pass of [commuteRelu, prune, mergeEqual])
    assert.equal(printGraph(pass(graph)), printGraph(graph));
  assert.match(printGraph(graph), /watched x = x\nwatched v = v\nwatched after = sum\n$/);
});

test('refuses two watched values of the same name', () => {
  const graph = (name: string) =>
    pooled((builder, relu) => {
      builder.watch('relu', relu);
      builder.watch(name, relu);
    });
  assert.throws(() => graph('relu'), new GraphError('graph pooled has two watched results named relu'));
  for (const taken of ['x', 'y']) {
    assert.throws(
      () => graph(taken),
      new GraphError(`graph pooled: a watched value and another value are both named ${taken}`),
    );
  }
});
