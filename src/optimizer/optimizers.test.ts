/** Compares every optimizer with that of PyTorch over 20 updates (test/fixtures/optimizers.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type ParameterGroup, settingsOf } from '../recipe/parameter-groups.ts';
import { float32, scalar, sizeOf } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { float32Variants } from '../testing/engines.ts';
import { computeGraph, type Reference } from '../testing/reference.ts';
import type { OptimizerOptions } from './optimizer.ts';
import { type OptimizerName, optimizerNames, optimizers } from './optimizers.ts';
import { applyOptimizers } from './update.ts';

type ByName<T> = Readonly<Record<string, T>>;
interface Fixture {
  readonly options: OptimizerOptions;
  readonly weightDecay: number;
  readonly biasRate: number;
  readonly shapes: ByName<readonly number[]>;
  readonly rates: readonly number[];
  readonly start: ByName<readonly number[]>;
  readonly gradients: readonly ByName<readonly number[]>[];
  readonly parameters: Readonly<Record<OptimizerName, readonly ByName<readonly number[]>[]>>;
}
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/optimizers.json', import.meta.url), 'utf8'),
) as Fixture;
const names = Object.keys(fixture.shapes);
const groups: readonly ParameterGroup[] = [
  { match: '*/biases', learningRate: fixture.biasRate, weightDecay: 0 },
];

/** Makes a graph that updates both parameters with gradients that are passed in. */
function updateGraph(name: OptimizerName): Graph {
  const optimizer = optimizers[name];
  const builder = new GraphBuilder(name);
  const { op } = builder;
  const rate = builder.input('learning_rate', { dtype: 'float32', shape: [] });
  const trained = names.map((path) => {
    const type = { dtype: 'float32', shape: fixture.shapes[path] ?? [] } as const;
    const variable = builder.variable(path, type);
    const fed = builder.input(`${path}/gradients`, type);
    const { learningRate, weightDecay: factor } = settingsOf(path, groups);
    const weightDecay = fixture.weightDecay * factor;
    const parameter = { variable, optimizer, options: fixture.options, learningRateFactor: learningRate };
    if (optimizer.weightDecay === 'decoupled' || weightDecay === 0)
      return { ...parameter, gradient: fed, weightDecay };
    // Weight decay in the loss is a term of the gradient.
    const term = op('Mul', { a: variable, b: op('Constant', {}, { value: scalar(weightDecay) }) });
    return { ...parameter, gradient: op('Add', { a: fed, b: term }), weightDecay: 0 };
  });
  applyOptimizers(builder, rate, Object.keys(optimizer.scalars(1, fixture.options)), trained);
  builder.output('rate', rate);
  return builder.build();
}

/** Returns the feeds of an update, in float64. */
function feedsOf(name: OptimizerName, step: number): ReadonlyMap<string, Reference> {
  const { rates, gradients, shapes, options } = fixture;
  const number = (value: number) => ({ shape: [], data: Float64Array.of(value) });
  return new Map([
    ['learning_rate', number(rates[step] ?? 0)],
    ...names.map(
      (path) => [`${path}/gradients`, referenceOf(shapes[path], gradients[step]?.[path])] as const,
    ),
    ...Object.entries(optimizers[name].scalars(step + 1, options)).map(
      ([path, value]) => [path, number(value)] as const,
    ),
  ]);
}

function referenceOf(shape: readonly number[] = [], values: readonly number[] = []): Reference {
  return { shape, data: Float64Array.from(values) };
}

/** Returns the initial variables: the parameters of the fixture, and zeros for slots. */
function startOf(graph: Graph): ReadonlyMap<string, Reference> {
  return new Map(
    [...graph.variables].map(([path, { shape }]) => {
      const zeros = Array.from({ length: sizeOf(shape) }, () => 0);
      return [path, referenceOf(shape, fixture.start[path] ?? zeros)] as const;
    }),
  );
}

/** The relative distance that is allowed in float64. Constants of a graph are float32, and only those of Muon are no sums of a few
 * powers of two. */
const allowed = (name: OptimizerName) => (name === 'muon' ? 1e-7 : 1e-12);

describe('optimizers agree with PyTorch in float64 after each of 20 updates', () => {
  for (const name of optimizerNames) {
    test(name, () => {
      const graph = updateGraph(name);
      let variables = startOf(graph);
      assert.ok(
        name in fixture.parameters,
        `add ${name} to test/fixtures/optimizers.py, and run that script`,
      );
      fixture.parameters[name].forEach((expected, step) => {
        variables = computeGraph(graph, new Map([...variables, ...feedsOf(name, step)]));
        for (const path of names)
          assertClose(
            variables.get(path),
            referenceOf(fixture.shapes[path], expected[path]),
            allowed(name),
            `${path}, update ${step}`,
          );
      });
    });
  }
});

for (const { title: engine, create, missing } of float32Variants) {
  describe(`optimizers on ${engine} agree with PyTorch after 20 updates`, { skip: missing }, () => {
    for (const name of optimizerNames) {
      test(name, async () => {
        const graph = updateGraph(name);
        const session = await create(1).compile(graph);
        try {
          const single = (values: ReadonlyMap<string, Reference>) =>
            new Map(
              [...values].map(
                ([path, { shape, data }]) => [path, float32(shape, Float32Array.from(data))] as const,
              ),
            );
          await session.write(single(startOf(graph)));
          for (let step = 0; step < fixture.rates.length; step++)
            await session.step(single(feedsOf(name, step)));
          const found = await session.read();
          const expected = fixture.parameters[name].at(-1);
          for (const path of names)
            assertClose(found.get(path), referenceOf(fixture.shapes[path], expected?.[path]), 1e-5, path);
        } finally {
          await session.release();
        }
      });
    }
  });
}

test('slots are variables with the role slot, named after their parameter, and plain SGD has none', () => {
  const slots = (name: OptimizerName) =>
    [...updateGraph(name).variables].filter(([, { role }]) => role === 'slot').map(([path]) => path);
  assert.deepEqual(slots('sgd'), []);
  assert.deepEqual(
    slots('nesterov'),
    names.map((path) => `${path}/Momentum`),
  );
  assert.deepEqual(slots('adamw').slice(0, 2), ['layer/weights/FirstMoment', 'layer/weights/SecondMoment']);
});

test('the default optimizer exists', () => {
  assert.ok(optimizerNames.includes(tutorialHyperparameters.optimizer));
});

test('groups match by name; their factors are multiplied, and the last optimizer and momentum count', () => {
  const all: readonly ParameterGroup[] = [
    ...groups,
    { match: 'layer/*', learningRate: 3, weightDecay: 0.5, optimizer: 'adam', momentum: 0.5 },
    { match: '*/weights', learningRate: 1, weightDecay: 1, optimizer: 'sgd' },
    { match: 'layer', learningRate: 100, weightDecay: 100, optimizer: 'muon' },
  ];
  const inLayer = { learningRate: 3, weightDecay: 0.5, optimizer: 'adam', momentum: 0.5 };
  assert.deepEqual(settingsOf('layer/biases', all), { ...inLayer, learningRate: 6, weightDecay: 0 });
  assert.deepEqual(settingsOf('layer/weights', all), { ...inLayer, optimizer: 'sgd' });
  const dotted = [{ match: 'other*weights', learningRate: 2, weightDecay: 1 }];
  assert.deepEqual(settingsOf('other.weights', dotted), {
    ...{ learningRate: 2, weightDecay: 1, optimizer: undefined, momentum: undefined },
  });
});
