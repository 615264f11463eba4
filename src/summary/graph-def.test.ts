import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeGraphDef, encodeGraphDef, type GraphNode } from './graph-def.ts';

const nodes: readonly GraphNode[] = [
  { name: 'images', op: 'Placeholder', inputs: [], shapes: [[128, 3, 24, 24]], attributes: {} },
  { name: 'conv1/weights', op: 'VariableV2', inputs: [], shapes: [[64, 3, 5, 5]], attributes: {} },
  {
    ...{ name: 'conv1/Conv2D', op: 'Conv2D', inputs: ['images', 'conv1/weights'], device: '/cpu:0' },
    shapes: [[128, 64, 24, 24]],
    attributes: {
      padding: 'SAME',
      strides: [1, 1, 1, 1],
      decay: 0.5,
      scales: [0.5, 1.5],
      fused: true,
      groups: 1,
    },
  },
  { name: 'loss', op: 'SoftmaxLoss', inputs: ['conv1/Conv2D'], shapes: [[], [128, 10]], attributes: {} },
  { name: 'update', op: 'Assign', inputs: ['loss:1', 'loss'], attributes: {} },
];

test('a graph is read back with its shapes and attributes', () => {
  assert.deepEqual(decodeGraphDef(encodeGraphDef(nodes)), nodes);
});

test('a duplicate name and an input from an unknown node are refused', () => {
  const node = { name: 'a', op: 'Add', inputs: ['b:1'] };
  assert.throws(() => encodeGraphDef([node, node]), {
    name: 'GraphError',
    message: 'graph: two nodes are named a',
  });
  assert.throws(() => encodeGraphDef([node]), {
    name: 'GraphError',
    message: 'graph: a reads b:1, but there is no node with that name',
  });
});

test('bytes that are not a GraphDef are refused', () => {
  assert.throws(
    () => decodeGraphDef(Uint8Array.of(0x0a, 100)),
    /^RunError: a graph in an event file is not a GraphDef: /,
  );
});
