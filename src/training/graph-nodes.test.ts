import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { withoutWatched } from '../passes/watch.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { decodeGraphDef, encodeGraphDef, type GraphNode } from '../summary/graph-def.ts';
import { scalar, sizeOf } from '../tensor/tensor.ts';
import { graphNodes } from './graph-nodes.ts';
import { buildTrainingGraph } from './training-graph.ts';

const byName = (nodes: readonly GraphNode[]) => new Map(nodes.map((node) => [node.name, node]));

test('inputs and variables become nodes too, with their shapes and types', () => {
  const builder = new GraphBuilder('small');
  const images = builder.input('images', { dtype: 'float32', shape: [4, 3] });
  const weights = builder.variable('layer/weights', { dtype: 'float32', shape: [3, 2] });
  const product = builder.op(
    'MatMul',
    { a: images, b: weights },
    { transposeA: false, transposeB: false },
    'layer/MatMul',
  );
  builder.output('product', product);
  assert.deepEqual(graphNodes(builder.build()), [
    { name: 'images', op: 'Placeholder', inputs: [], shapes: [[4, 3]], attributes: { dtype: 'float32' } },
    {
      ...{ name: 'layer/weights', op: 'VariableV2', inputs: [] },
      ...{ shapes: [[3, 2]], attributes: { dtype: 'float32' } },
    },
    {
      ...{ name: 'layer/MatMul', op: 'MatMul', inputs: ['images', 'layer/weights'] },
      ...{ shapes: [[4, 2]], attributes: { transposeA: false, transposeB: false } },
    },
  ]);
});

test('the second output of an operator is read as `name:1`, and both have a shape', () => {
  const builder = new GraphBuilder('small');
  const logits = builder.input('logits', { dtype: 'float32', shape: [4, 10] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [4] });
  const { loss, backprop } = builder.outputsOf(
    'SparseSoftmaxCrossEntropyWithLogits',
    { logits, labels },
    {},
    'entropy',
  );
  builder.op('Square', { x: loss }, {}, 'first');
  builder.op('Square', { x: backprop }, {}, 'second');
  const nodes = byName(graphNodes(builder.build()));
  assert.deepEqual(nodes.get('entropy')?.shapes, [[4], [4, 10]]);
  assert.deepEqual(nodes.get('entropy')?.inputs, ['logits', 'labels']);
  assert.deepEqual(nodes.get('first')?.inputs, ['entropy']);
  assert.deepEqual(nodes.get('second')?.inputs, ['entropy:1']);
});

test('attributes that are tensors are omitted, but numbers and lists are kept', () => {
  const builder = new GraphBuilder('small');
  const constant = builder.op('Constant', {}, { value: scalar(2) }, 'two');
  builder.op('Reshape', { x: constant }, { shape: [1, 1] }, 'reshaped');
  const nodes = byName(graphNodes(builder.build()));
  assert.deepEqual(nodes.get('two')?.attributes, {});
  assert.deepEqual(nodes.get('reshaped')?.attributes, { shape: [1, 1] });
});

test('in a training step every input is an output with a shape, and no node is missing', () => {
  const network = tutorialNetwork(10);
  const recipe = { network, batchSize: 8, hyperparameters: tutorialHyperparameters, seed: 0, holdout: 0 };
  const graph = withoutWatched(buildTrainingGraph(recipe).graph);
  const nodes = graphNodes(graph);
  assert.ok(
    !nodes.some(({ name }) => name.startsWith('shown/')),
    'nodes that are only watched are not included',
  );
  assert.equal(nodes.length, graph.nodes.length + graph.inputs.size + graph.variables.size);
  const known = byName(nodes);
  assert.equal(known.size, nodes.length);
  for (const { name, inputs } of nodes) {
    for (const input of inputs) {
      const [, source = '', output = '0'] = /^(.*?)(?::(\d+))?$/.exec(input) ?? [];
      const shape = known.get(source)?.shapes?.[Number(output)];
      assert.ok(shape !== undefined && sizeOf(shape) > 0, `${name} reads ${input}`);
    }
  }
  const read = decodeGraphDef(encodeGraphDef(nodes));
  assert.deepEqual(
    read.map(({ name, op, inputs, shapes }) => ({ name, op, inputs, shapes })),
    nodes.map(({ name, op, inputs, shapes }) => ({ name, op, inputs, shapes })),
  );
});
