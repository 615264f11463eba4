import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphError } from '../errors.ts';
import type { Graph, Node, Value, Variable } from '../graph/graph.ts';
import { resultsOf } from '../graph/results.ts';
import { checked } from './check.ts';

const vector = (name: string, size = 2): Value => ({ name, dtype: 'float32', shape: [size] });
const images = vector('images');
const variable = (name: string, size = 2): Variable => ({ ...vector(name, size), role: 'parameter' });
const weights = variable('weights');
const wide = variable('weights', 3);
const one = variable('weights', 1);
const labels: Value = { name: 'labels', dtype: 'int32', shape: [2] };
const y = vector('layer/Add');
const add: Node = {
  op: 'Add',
  name: 'layer/Add',
  inputs: { a: images, b: weights },
  attributes: {},
  outputs: { y },
};
const double: Node = {
  op: 'Add',
  name: 'layer/Add_1',
  inputs: { a: y, b: y },
  attributes: {},
  outputs: { y: vector('layer/Add_1') },
};
const right: Graph = {
  name: 'small',
  inputs: new Map([['images', images]]),
  variables: new Map([['weights', weights]]),
  nodes: [add],
  results: resultsOf({ output: new Map([['sum', y]]), update: new Map([['weights', y]]) }),
};

test('a valid graph is returned unchanged', () => {
  assert.equal(checked(right), right);
});

describe('checked() refuses', () => {
  const cases: readonly (readonly [title: string, change: Partial<Graph>, message: string])[] = [
    [
      'an input and a variable with the same name',
      { variables: new Map([['images', variable('images')]]) },
      'graph small: an input and a variable share a name',
    ],
    [
      'a node whose output has the name of another output',
      { nodes: [add, { ...double, outputs: { y: vector('layer/Add') } }] },
      'graph small: two values are named layer/Add',
    ],
    [
      'a node whose output has the same name as an input',
      { nodes: [add, { ...double, outputs: { y: vector('images') } }] },
      'graph small: two values are named images',
    ],
    [
      'a node that comes before the node it reads',
      { nodes: [double, add] },
      'graph small: layer/Add_1 = Add(a: layer/Add, b: layer/Add) → float32 [2] reads layer/Add, which no input, variable or earlier node provides',
    ],
    [
      'a node that reads a value of another graph with the same name',
      { nodes: [{ ...add, inputs: { a: images, b: vector('weights') } }] },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [2] reads weights, which no input, variable or earlier node provides',
    ],
    [
      'a node with a shape other than the one its shape rule infers',
      { nodes: [{ ...add, outputs: { y: vector('layer/Add', 3) } }] },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [3] should be float32 [2]',
    ],
    [
      'a node with an extra output',
      {
        nodes: [{ ...add, outputs: { y, more: vector('more') } } as Node],
      },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [2], more: float32 [2] should not have the output more',
    ],
    [
      'a node that its own shape rule refuses',
      { variables: new Map([['weights', wide]]), nodes: [{ ...add, inputs: { a: images, b: wide } }] },
      'Add "layer/Add": float32 [2] and float32 [3] do not broadcast (inputs: a float32 [2]; b float32 [3])',
    ],
    [
      'an output with the name of an input',
      { results: resultsOf({ output: new Map([['images', y]]) }) },
      'graph small: the output images has the same name as an input or variable',
    ],
    [
      'an output with the name of a variable',
      { results: resultsOf({ output: new Map([['weights', y]]) }) },
      'graph small: the output weights has the same name as an input or variable',
    ],
    [
      'an output that nothing computes',
      { results: resultsOf({ output: new Map([['sum', vector('lost')]]) }) },
      'graph small: nothing computes lost, the output sum',
    ],
    [
      'an update that nothing computes',
      { results: resultsOf({ update: new Map([['weights', vector('lost')]]) }) },
      'graph small: nothing computes lost, the update weights',
    ],
    [
      'an update of an input',
      { results: resultsOf({ update: new Map([['images', y]]) }) },
      'graph small: update of images, which is not a variable',
    ],
    [
      'an update of another shape',
      { variables: new Map([['weights', one]]), nodes: [{ ...add, inputs: { a: images, b: one } }] },
      'graph small, update of weights: the variable is float32 [1], its new value is float32 [2]',
    ],
    [
      'an exchanged value of another type than float32',
      {
        inputs: new Map([...right.inputs, ['labels', labels]]),
        results: resultsOf({ exchanged: new Map([['labels', labels]]) }),
      },
      'graph small: the exchanged value labels is int32, expected float32',
    ],
  ];
  for (const [title, change, message] of cases) {
    test(title, () => {
      assert.throws(() => checked({ ...right, ...change }), new GraphError(message));
    });
  }
});
