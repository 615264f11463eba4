/** Tests the exchange in programs of the oneDNN engine. A group with one member and a weight of 0.5 halves the exchanged values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failSharedGroup, newSharedGroup } from '../../collective/shared-group.ts';
import { GraphError, RunError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { makeNetwork } from '../../model/networks.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engineCase, plannedPrecisions } from '../../testing/engines.ts';
import { buildTrainingGraph, initialVariables, stepScalars } from '../../training/training-graph.ts';
import type { Tensors } from '../engine.ts';
import { offers } from '../offers.ts';
import { assignLayouts } from './assign-layouts.ts';
import { checkProgram } from './check-program.ts';
import { planOf, programOf } from './compile.ts';
import { Execution } from './execution.ts';
import { LayoutTable } from './layout-table.ts';
import { Onednn } from './native/onednn.ts';
import { placeBuffers } from './placement.ts';
import { printProgram } from './print-program.ts';
import { printCall } from './program.ts';

const { skip } = engineCase('onednn');

const groupOfOne = (memory = newSharedGroup(1)) => ({ kind: 'threads', memory, rank: 0 }) as const;
const exchanging = { exchange: true } as const;

/** A step v' = v - rate · x². Sessions average x² and Σ x². The step also counts, which needs no averaged value. */
function smallStep(): Graph {
  const b = new GraphBuilder('small');
  const type = { dtype: 'float32', shape: [2, 3] } as const;
  const [x, rate] = [b.input('x', type), b.input('rate', { dtype: 'float32', shape: [] })];
  const [v, count] = [b.variable('v', type), b.variable('count', { dtype: 'float32', shape: [] })];
  const gradient = b.op('Square', { x }, {}, 'gradient');
  const total = b.op('Sum', { x: gradient }, { axes: [0, 1], keepDims: false }, 'total');
  b.result('exchanged', 'gradient', gradient);
  b.result('exchanged', 'total', total);
  b.output('total', total);
  b.output('root', b.op('Sqrt', { x: rate }, {}, 'root'));
  b.watch('gradient', gradient);
  b.update(v, b.op('Sub', { a: v, b: b.op('Mul', { a: gradient, b: rate }) }, {}, 'updated'));
  b.update(count, b.op('Add', { a: count, b: rate }, {}, 'counted'));
  return b.build();
}

const smallFeeds: Tensors = new Map([
  ['x', float32([2, 3], [1, 2, 3, 4, 5, 6])],
  ['rate', scalar(0.25)],
]);
const numbers = (tensors: Tensors) =>
  Object.fromEntries([...tensors].map(([name, { data }]) => [name, [...data].map(Number)]));

describe('the exchange in a program', () => {
  test('comes after everything that needs no averages, and before all updates', () => {
    assert.deepEqual(programOf(smallStep(), 'float32', exchanging).calls.map(printCall), [
      'gradient: binary(src: x, src1: x) → float32 [2, 3]',
      'total: reduction(src: gradient) → float32 [1, 1]',
      'root: eltwise_forward(src: rate) → float32 [1]',
      'exchange: exchange(exchanged gradient: gradient, exchanged total: total) → float32 [2, 3], float32 [1]',
      'Mul: binary + mul rate + linear + add v(src: averaged/gradient, src1: averaged/gradient) → float32 [2, 3]',
      'counted: binary(src: count, src1: rate) → float32 [1]',
    ]);
  });
  test('is printed with its operands', { skip }, () => {
    const onednn = new Onednn(1);
    const program = programOf(smallStep(), 'float32', exchanging);
    const printed = printProgram(checkProgram(assignLayouts(program, new LayoutTable(onednn), onednn)));
    onednn.release();
    assert.deepEqual(
      printed.split('\n').filter((line) => line.startsWith('exchange:')),
      [
        'exchange: exchange(exchanged gradient: gradient float32 [2, 3] row-major, exchanged total: total float32 [1] row-major)' +
          ' → averaged/gradient float32 [2, 3] row-major, averaged/total float32 [1] row-major',
      ],
    );
  });
  test('is only there for a session that exchanges', () => {
    for (const precision of offers.onednn.cpu)
      assert.ok(programOf(smallStep(), precision).calls.every(({ kind }) => kind !== 'exchange'));
  });
  test('is refused without exchanged values', () => {
    assert.throws(
      () => programOf(new GraphBuilder('step').build(), 'float32', exchanging),
      new GraphError('graph step has no exchanged values'),
    );
  });
});

describe('a step with an exchange', { skip }, () => {
  const open = (graph: Graph, weight: number) =>
    new Execution(graph, 1, 'float32', { exchange: { group: groupOfOne(), weight } });

  test('computes updates, outputs and watched values from averages, and also returns its own scalars', () => {
    const execution = open(smallStep(), 0.5);
    const seen = execution.step(smallFeeds, true);
    const after = execution.read();
    execution.close();
    const halves = [0.5, 2, 4.5, 8, 12.5, 18];
    assert.deepEqual(numbers(seen), {
      ...{ total: [45.5], root: [0.5], 'own/total': [91] },
      gradient: halves,
    });
    assert.deepEqual(numbers(after), { v: halves.map((half) => -half / 4), count: [0.25] });
  });
  test('averages inputs, variables, and a value with two names, without changing them', () => {
    const b = new GraphBuilder('direct');
    const type = { dtype: 'float32', shape: [2] } as const;
    const [x, v, w] = [b.input('x', type), b.variable('v', type), b.variable('w', type)];
    const twice = b.op('Add', { a: x, b: x });
    for (const [name, value] of Object.entries({ x, v, one: twice, other: twice }))
      b.result('exchanged', name, value);
    for (const [name, value] of Object.entries({ x, v, twice })) b.output(`average of ${name}`, value);
    b.update(w, v);
    const execution = open(b.build(), 0.5);
    execution.write(new Map([['v', float32([2], [10, 20])]]));
    const feeds = new Map([['x', float32([2], [1, 2])]]);
    const expected = { 'average of x': [0.5, 1], 'average of v': [5, 10], 'average of twice': [1, 2] };
    for (let step = 0; step < 2; step++) assert.deepEqual(numbers(execution.step(feeds)), expected);
    assert.deepEqual(numbers(execution.read()), { v: [10, 20], w: [5, 10] });
    execution.close();
  });
  test('keeps all variables if another member fails', () => {
    const b = new GraphBuilder('failing');
    const type = { dtype: 'float32', shape: [2] } as const;
    const [early, direct] = [b.variable('early', type), b.variable('direct', type)];
    const more = b.op('Add', { a: early, b: early });
    const most = b.op('Add', { a: more, b: more });
    b.result('exchanged', 'most', most);
    b.update(early, more);
    b.update(direct, most);
    const memory = newSharedGroup(1);
    const execution = new Execution(b.build(), 1, 'float32', {
      exchange: { group: groupOfOne(memory), weight: 1 },
    });
    const values = { early: [1, 2], direct: [3, 4] };
    execution.write(new Map(Object.entries(values).map(([name, data]) => [name, float32([2], data)])));
    failSharedGroup(memory);
    assert.throws(() => execution.step(new Map()), new RunError('another tower failed'));
    assert.deepEqual(numbers(execution.read()), values);
    execution.close();
  });
  test('has the exchange as a part of its profile', () => {
    const execution = open(smallStep(), 1);
    const parts = execution.profile(smallFeeds, 2).filter(({ op }) => op === 'Exchange');
    execution.close();
    assert.deepEqual(
      parts.map(({ name, code }) => [name, code]),
      [['exchange', 'average']],
    );
  });
});

const hyperparameters = { ...tutorialHyperparameters, optimizer: 'adam', clipNorm: 0.5 } as const;
const batchSize = 4;
const networks = {
  cifar10: makeNetwork('cifar10', 10, { conv1: 16, conv2: 24, local3: 16, local4: 8 }),
  cifar10_local: makeNetwork('cifar10_local', 10, { conv1: 16, conv2: 16, local3: 4, local4: 4 }),
  resnet: makeNetwork('resnet', 10, { depth: 8 }),
};

for (const [name, network] of Object.entries(networks))
  describe(`a training step of ${name} with an exchange`, { skip }, () => {
    const training = buildTrainingGraph({ network, batchSize, hyperparameters });
    const feeds = (step: number): Tensors => {
      const stream = new RandomStream(step, 'test');
      return new Map<string, Tensor>(
        [...training.graph.inputs].map(([input, { dtype, shape }]) => [
          input,
          dtype === 'int32'
            ? { dtype, shape, data: Int32Array.from({ length: sizeOf(shape) }, () => stream.below(10)) }
            : float32(
                shape,
                Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
              ),
        ]),
      );
    };
    const scalars = (step: number) =>
      [...stepScalars(step, 100, { batchSize, hyperparameters })].map(
        ([input, value]) => [input, scalar(value)] as const,
      );
    for (const precision of plannedPrecisions) {
      const run = (exchange: boolean, watch: boolean) => {
        const group = exchange ? { group: groupOfOne(), weight: 1 } : undefined;
        const execution = new Execution(training.graph, 1, precision, { exchange: group });
        execution.write(initialVariables(training, 0));
        const results = [0, 1].map((step) => {
          return execution.step(new Map([...feeds(step), ...scalars(step)]), watch);
        });
        const all = new Map([...results.flatMap((tensors) => [...tensors]), ...execution.read()]);
        execution.close();
        return all;
      };
      test(`alone computes the same as without one in ${precision}, watched or not`, () => {
        const [alone, watched, unwatched] = [run(false, true), run(true, true), run(true, false)];
        for (const [path, tensor] of unwatched) assert.deepEqual(watched.get(path), tensor, path);
        for (const [path, tensor] of alone) assertClose(watched.get(path), tensor, 1e-5, path);
      });
      test(`averages all tensors in place in ${precision}, and reorders only gradients and averages of filters`, () => {
        const onednn = new Onednn(1);
        const plans = [true, false].map((exchange) => {
          const { steps, ...rest } = planOf(onednn, programOf(training.graph, precision, { exchange }));
          const { offsetOf, copied } = placeBuffers({ ...rest, steps });
          const reorders = steps.filter(({ op, watched }) => op === 'Reorder' && !watched);
          const found = steps.find(({ primitive }) => primitive === 'exchange');
          const moved = found?.reads.filter(
            ({ buffer }, index) => offsetOf(buffer) !== offsetOf(found.writes[index]?.buffer ?? buffer),
          );
          return { copied, reorders: reorders.length, moved: moved?.map(({ buffer }) => buffer.name) };
        });
        onednn.release();
        const [{ copied, moved, reorders = 0 } = assert.fail(), alone] = plans;
        const states = training.states.map(({ variable }) => variable.name);
        assert.deepEqual(copied, states);
        // The values of the session itself are returned too, so they are not overwritten.
        assert.deepEqual(moved, training.lossNames);
        const filters = training.parameters.filter(({ variable: { shape } }) => shape.length === 4);
        const allowed = (alone?.reorders ?? 0) + 2 * filters.length;
        assert.ok(reorders <= allowed, `${reorders} reorders instead of ${alone?.reorders}`);
      });
    }
  });
