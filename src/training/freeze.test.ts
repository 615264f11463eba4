import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Tensors } from '../engine/engine.ts';
import { makeNetwork } from '../model/networks.ts';
import { averageName } from '../optimizer/moving-average.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import type { FrozenLayers } from '../recipe/parameter-groups.ts';
import { contentKey, float32, type Tensor } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import { noiseImage } from '../testing/examples.ts';
import { buildTrainingGraph, initialVariables, stepScalars, type TrainingGraph } from './training-graph.ts';

const batchSize = 4;
const narrow = { conv1: 4, conv2: 4, local3: 6, local4: 5 };
const hyperparameters = {
  ...tutorialHyperparameters,
  optimizer: 'momentum',
  movingAverageDecay: 0.5,
} as const;

function graphOf(network: string, freeze: FrozenLayers, configuration = {}): TrainingGraph {
  const recipe = { network: makeNetwork(network, 10, configuration), batchSize, hyperparameters, freeze };
  return buildTrainingGraph(recipe);
}

function feedsOf({ graph }: TrainingGraph, step: number): Tensors {
  const shape = graph.inputs.get('images')?.shape ?? [];
  const values = [0, 1, 2, 3].flatMap((row) => [
    ...noiseImage(10 * step + row, [3, Number(shape[2]), Number(shape[3])]),
  ]);
  const scalars = [...stepScalars(step, 100, { batchSize, hyperparameters })];
  return new Map<string, Tensor>([
    [
      'images',
      float32(
        shape,
        values.map((value) => value / 128 - 1),
      ),
    ],
    ['labels', { dtype: 'int32', shape: [batchSize], data: Int32Array.of(0, 1, 2, 3) }],
    ...scalars.map(([name, value]) => [name, float32([], [value])] as const),
  ]);
}

function contentOf(tensors: Tensors, name: string): string {
  const tensor = tensors.get(name);
  assert.ok(tensor !== undefined, name);
  return contentKey(tensor);
}

for (const { name: engine, create, skip } of engines)
  describe(`frozen layers, ${engine}`, { skip }, () => {
    const cases: readonly (readonly [string, FrozenLayers, object])[] = [
      ['cifar10', ['conv1', 'conv2'], narrow],
      ['cifar10', ['local*'], narrow],
      ['resnet', ['conv1', 'stage1'], { depth: 8 }],
      // The gradient passes through a frozen layer with batch normalization.
      ['resnet', ['stage2'], { depth: 8 }],
    ];
    for (const [network, freeze, configuration] of cases)
      test(`${freeze.join()} of ${network} keep their weights, statistics and averages, and all others change`, async () => {
        const training = graphOf(network, freeze, configuration);
        const frozen = (variable: string) =>
          freeze.some((layer) => variable.startsWith(layer.replace('*', '')));
        const session = await create(1).compile(training.graph);
        const before = initialVariables(training, 0);
        await session.write(before);
        for (let step = 0; step < 3; step++) await session.step(feedsOf(training, step));
        const after = await session.read();
        await session.release();
        const names = [...training.parameters, ...training.states].map(({ variable }) => variable.name);
        assert.ok(names.some(frozen) && !names.every(frozen));
        for (const name of names)
          for (const variable of [name, averageName(name)]) {
            const isSame = contentOf(before, variable) === contentOf(after, variable);
            assert.equal(isSame, frozen(name), variable);
          }
      });

    test('the loss of the first step does not depend on what is frozen', async () => {
      const losses = await Promise.all(
        [[], ['conv1', 'local3']].map(async (freeze) => {
          const training = graphOf('cifar10', freeze, narrow);
          const session = await create(1).compile(training.graph);
          await session.write(initialVariables(training, 0));
          const outputs = await session.step(feedsOf(training, 0));
          await session.release();
          return outputs.get('total_loss')?.data[0];
        }),
      );
      assert.ok(Math.abs(Number(losses[0]) - Number(losses[1])) < 1e-6 * Number(losses[0]), losses.join());
    });
  });

test('frozen layers need no gradients, slots or arithmetic', () => {
  const [all, few] = [graphOf('cifar10', [], narrow), graphOf('cifar10', ['conv1', 'conv2'], narrow)];
  const slots = ({ graph }: TrainingGraph) =>
    [...graph.variables.values()].filter(({ role }) => role === 'slot').length;
  assert.deepEqual([slots(all), slots(few)], [10, 6]);
  const filters = ({ graph }: TrainingGraph) =>
    graph.nodes.filter(({ op }) => op === 'Conv2DBackpropFilter' || op === 'Conv2DBackpropInput').length;
  assert.deepEqual([filters(all), filters(few)], [3, 0]);
});

test('a layer that does not exist, and freezing everything, are refused', () => {
  assert.throws(() => graphOf('cifar10', ['conv3'], narrow), {
    name: 'UsageError',
    message:
      '`freeze`: "conv3" matches no layer of the network, which has conv1, conv2, local3, local4, softmax_linear',
  });
  assert.throws(
    () => graphOf('cifar10', ['*'], narrow),
    /all layers are frozen, so there is nothing to train/,
  );
  assert.throws(() => graphOf('cifar10', ['conv'], narrow), /"conv" matches no layer/);
});
