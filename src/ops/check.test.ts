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

test('a graph that is right is returned as it is', () => {
  assert.equal(checked(right), right);
});

describe('what is no graph is refused', () => {
  const cases: readonly (readonly [title: string, change: Partial<Graph>, message: string])[] = [
    [
      'an input and a variable of one name',
      { variables: new Map([['images', variable('images')]]) },
      'graph small: an input and a variable share a name',
    ],
    [
      'a node whose value has the name of another',
      { nodes: [add, { ...double, outputs: { y: vector('layer/Add') } }] },
      'graph small: two values are named layer/Add',
    ],
    [
      'a node whose value has the name of an input',
      { nodes: [add, { ...double, outputs: { y: vector('images') } }] },
      'graph small: two values are named images',
    ],
    [
      'a node before the one that it reads',
      { nodes: [double, add] },
      'graph small: layer/Add_1 = Add(a: layer/Add, b: layer/Add) → float32 [2] reads layer/Add, which nothing before it makes',
    ],
    [
      'a node that reads a value of another graph, whatever its name',
      { nodes: [{ ...add, inputs: { a: images, b: vector('weights') } }] },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [2] reads weights, which nothing before it makes',
    ],
    [
      'a node that says another shape than its rule gives',
      { nodes: [{ ...add, outputs: { y: vector('layer/Add', 3) } }] },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [3] should give float32 [2]',
    ],
    [
      'a node with an output too many',
      {
        nodes: [{ ...add, outputs: { y, more: vector('more') } } as Node],
      },
      'graph small: layer/Add = Add(a: images, b: weights) → float32 [2], more: float32 [2] should give no such output',
    ],
    [
      'a node that its rule refuses',
      { variables: new Map([['weights', wide]]), nodes: [{ ...add, inputs: { a: images, b: wide } }] },
      'Add "layer/Add": float32 [2] and float32 [3] do not broadcast (inputs: a float32 [2]; b float32 [3])',
    ],
    [
      'an output with the name of an input',
      { results: resultsOf({ output: new Map([['images', y]]) }) },
      'graph small: images names an output and something fed; one name for one thing',
    ],
    [
      'an output with the name of a variable',
      { results: resultsOf({ output: new Map([['weights', y]]) }) },
      'graph small: weights names an output and something fed; one name for one thing',
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
      'graph small: update of images, which is no variable',
    ],
    [
      'an update of another shape',
      { variables: new Map([['weights', one]]), nodes: [{ ...add, inputs: { a: images, b: one } }] },
      'graph small, update of weights: the variable is float32 [1], its new value float32 [2]',
    ],
  ];
  for (const [title, change, message] of cases) {
    test(title, () => {
      assert.throws(() => checked({ ...right, ...change }), new GraphError(message));
    });
  }
});
