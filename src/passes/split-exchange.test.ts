import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { makeHyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, sizeOf } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { computeGraph, type Reference } from '../testing/reference.ts';
import { buildTrainingGraph, stepScalars } from '../training/training-graph.ts';
import { prune } from './rewrite.ts';
import { splitExchange } from './split-exchange.ts';

const widths = { conv1: 2, conv2: 3, local3: 4, local4: 3 };
const network = { ...tutorialNetwork(3, widths), imageShape: [3, 8, 8] };
const hyperparameters = makeHyperparameters(
  (name) => (({ ...tutorialHyperparameters, optimizer: 'nesterov', clipNorm: 0.5 }) as const)[name],
);
const stepOf = (batchSize: number) => buildTrainingGraph({ network, batchSize, hyperparameters }).graph;

type Values = ReadonlyMap<string, Reference>;

function random(seed: number, shape: readonly number[]): Reference {
  const stream = new RandomStream(seed, 'test');
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => stream.normal() / 4) };
}

const variables: Values = new Map(
  [...stepOf(1).variables].map(([name, { shape }], index) => [name, random(index, shape)] as const),
);
const scalars: Values = new Map(
  [...stepScalars(0, 100, { batchSize: 4, hyperparameters })].map(([name, value]) => {
    return [name, { shape: [], data: Float64Array.of(value) }] as const;
  }),
);
/** Returns examples `first` to `first + count - 1` of four random examples. */
function batch(first: number, count: number): Values {
  const images = random(99, [4, 3, 8, 8]);
  const size = 3 * 8 * 8;
  return new Map([
    ['images', { shape: [count, 3, 8, 8], data: images.data.slice(first * size, (first + count) * size) }],
    ['labels', { shape: [count], data: Float64Array.of(0, 2, 1, 2).slice(first, first + count) }],
  ]);
}

test('two workers that average at the exchange compute the same step as one worker with both batches', () => {
  const { first, second, exchanged, carried } = splitExchange(stepOf(2));
  const workers = [0, 2].map((start) => {
    const given = new Map([...variables, ...scalars, ...batch(start, 2)]);
    return { given, found: computeGraph(first, given) };
  });
  const averages = new Map(
    [...exchanged.values()].map((name) => {
      const all = workers.map(({ found }) => found.get(name) ?? assert.fail(name));
      const [{ shape, data } = assert.fail()] = all;
      const mean = data.map(
        (_, index) => all.reduce((sum, one) => sum + (one.data[index] ?? 0), 0) / all.length,
      );
      return [name, { shape, data: mean }] as const;
    }),
  );
  const whole = stepOf(4);
  const expected = computeGraph(whole, new Map([...variables, ...scalars, ...batch(0, 4)]));
  for (const { given, found } of workers) {
    const own = carried.map((name) => [name, found.get(name) ?? assert.fail(name)] as const);
    const results = computeGraph(second, new Map([...given, ...averages, ...own]));
    for (const name of [...second.results.update.keys(), ...second.results.output.keys()])
      assertClose(results.get(name), expected.get(name) ?? assert.fail(name), 1e-12, name);
  }
});

test('every node of the step is in exactly one of the two halves, except constants', () => {
  const step = prune(stepOf(2));
  const { first, second, carried } = splitExchange(step);
  const nodes = [...new Set([...names(first), ...names(second)])];
  assert.deepEqual(nodes.sort(), names(step).sort());
  const constants = step.nodes.filter(({ op }) => op === 'Constant').map(({ name }) => name);
  const both = names(first).filter((name) => names(second).includes(name));
  assert.deepEqual(
    both.filter((name) => !constants.includes(name)),
    [],
  );
  assert.deepEqual(carried, [], 'the second half computes what does not depend on the batch');
  assert.deepEqual([...first.results.update.keys()], []);
  assert.deepEqual([...second.results.update.keys()], [...step.results.update.keys()]);
  const watched = [...first.results.watched.keys(), ...second.results.watched.keys()];
  assert.deepEqual(watched.sort(), [...step.results.watched.keys()].sort());
});

test('computes values that only updates need in the second half, and passes other values on', () => {
  const b = new GraphBuilder('step');
  const x = b.input('x', { dtype: 'float32', shape: [2] });
  const momentum = b.variable('momentum', { dtype: 'float32', shape: [2] }, 'slot');
  const count = b.variable('count', { dtype: 'float32', shape: [2] }, 'slot');
  const factor = b.op('Constant', {}, { value: float32([2], [1, 2]) }, 'factor');
  const gradient = b.op('Mul', { a: x, b: factor }, {}, 'gradient');
  const before = b.op('Neg', { x }, {}, 'before');
  b.result('exchanged', 'gradient', gradient);
  b.output('y', b.op('Neg', { x: before }, {}, 'output'));
  const decayed = b.op('Mul', { a: momentum, b: factor }, {}, 'decayed');
  b.update(momentum, b.op('Add', { a: decayed, b: gradient }, {}, 'moved'));
  b.update(count, b.op('Add', { a: count, b: before }, {}, 'counted'));
  b.watch('early', b.op('Square', { x: before }, {}, 'early'));
  b.watch('late', b.op('Square', { x: decayed }, {}, 'late'));
  const { first, second, exchanged, carried } = splitExchange(b.build());
  assert.deepEqual(names(first), ['factor', 'gradient', 'before', 'output', 'early']);
  assert.deepEqual(names(second), ['factor', 'decayed', 'moved', 'counted', 'late']);
  assert.deepEqual([...exchanged], [['gradient', 'exchanged/gradient']]);
  assert.deepEqual(carried, ['carried/before']);
  assert.deepEqual([...second.inputs.keys()], ['x', 'exchanged/gradient', 'carried/before']);
  assert.deepEqual([...first.results.output.keys()], ['y', 'exchanged/gradient', 'carried/before']);
});

test('refuses a graph without exchanged values, and an unaveraged value that depends on an average', () => {
  const graph = (...exchanged: readonly string[]): Graph => {
    const b = new GraphBuilder('step');
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    const once = b.op('Add', { a: x, b: x }, {}, 'once');
    const twice = b.op('Add', { a: once, b: once }, {}, 'twice');
    const end = b.op('Add', { a: twice, b: twice }, {}, 'end');
    b.output('y', end);
    for (const [name, value] of Object.entries({ once, twice, end }))
      if (exchanged.includes(name)) b.result('exchanged', name, value);
    return b.build();
  };
  assert.throws(() => splitExchange(graph()), new GraphError('graph step has no exchanged values'));
  assert.deepEqual(names(splitExchange(graph('once', 'end')).second), []);
  assert.deepEqual(names(splitExchange(graph('once')).second), ['twice', 'end']);
  const local = new GraphBuilder('step');
  const x = local.input('x', { dtype: 'float32', shape: [2] });
  const once = local.op('Add', { a: x, b: x }, {}, 'once');
  const twice = local.op('Add', { a: once, b: once }, {}, 'twice');
  local.result('exchanged', 'once', once);
  local.result('exchanged', 'end', local.op('Add', { a: twice, b: twice }, {}, 'end'));
  local.output('twice', twice);
  assert.throws(
    () => splitExchange(local.build()),
    new GraphError('graph step: twice depends on an exchanged value and is not exchanged itself'),
  );
});

const names = ({ nodes }: Graph) => nodes.map(({ name }) => name);
