import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Engine } from '../engine/engine.ts';
import { makeNetwork } from '../model/networks.ts';
import { airbenchRecipe } from '../recipe/recipes/airbench.ts';
import { float32Data } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { checkedTrainingGraph } from './early-images.ts';
import type { RunDefinition } from './run-definition.ts';
import { type TrainEvent, trainSteps } from './train.ts';
import { makeRun } from './training-run.ts';

const examples = noiseExamples(60);
const { augmentation, normalization, groups } = airbenchRecipe;

/** A run of 4 steps, of which `early` have images of 24×24 pixels. */
function definition(early: number): RunDefinition {
  return {
    ...{ network: makeNetwork('airbench', 10, { width: 0.01 }), batchSize: 10, seed: 0, holdout: 0 },
    ...{ augmentation, normalization, groups },
    hyperparameters: {
      ...{ ...airbenchRecipe.hyperparameters, learningRate: 0.01, startLearningRate: 0.002 },
      ...{ decaySteps: 4, earlySize: early === 0 ? 0 : 24, earlyShare: early / 4, lookAheadSteps: 3 },
    },
  };
}

async function eventsOf(events: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
const lossesOf = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.kind === 'step' ? [event.totalLoss] : []));

for (const { name, skip, create } of engines)
  describe(`a run whose first steps have smaller images, on ${name}`, { skip }, () => {
    const optionsOf = (early: number, engine: Engine) => (folder: string, towers: number) => ({
      run: makeRun(definition(early), examples, engine, towers),
      store: new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }),
      ...{ checkpointSteps: 4, versions: { cifar10: '0' }, summarySteps: 2 },
    });

    for (const [towers, stops] of [
      [1, [1, 2, 3]],
      [2, [2]],
    ] as const)
      test(`resumes bit-identically after steps ${stops} of 4, the first 2 of which are small, with ${towers} towers`, () =>
        inTemporaryFolder(async (folder) => {
          const options = optionsOf(2, create(towers));
          const whole = options(`${folder}/whole`, towers);
          const losses = lossesOf(await eventsOf(trainSteps({ ...whole, maxSteps: 4 })));
          const expected = (await whole.store.latest())?.checkpoint.tensors;
          for (const stop of stops) {
            const parts = options(`${folder}/${stop}`, towers);
            const first = await eventsOf(trainSteps({ ...parts, maxSteps: stop }));
            const resume = await parts.store.latest();
            assert.ok(resume);
            const second = await eventsOf(trainSteps({ ...parts, resume, maxSteps: 4 }));
            assert.deepEqual([...lossesOf(first), ...lossesOf(second)], losses);
            assert.deepEqual((await parts.store.latest())?.checkpoint.tensors, expected);
          }
        }));

    test('computes other losses in the first steps only with smaller images, and shows images of both sizes', () =>
      inTemporaryFolder(async (folder) => {
        const runs = [];
        for (const early of [0, 2, 4]) {
          const options = optionsOf(early, create(1))(`${folder}/${early}`, 1);
          runs.push(await eventsOf(trainSteps({ ...options, maxSteps: 4 })));
        }
        const [[none = 0] = [], [some = 0] = [], [all = 0] = []] = runs.map(lossesOf);
        assert.notEqual(none, some);
        assert.equal(some, all);
        const shapes = (runs[1] ?? []).flatMap((event) => {
          if (event.kind !== 'summary') return [];
          const pictures = event.values.flatMap((value) =>
            value.kind === 'picture' && value.tag.startsWith('images') ? [value.image.shape.join('×')] : [],
          );
          return [[...new Set(pictures)]];
        });
        assert.deepEqual(shapes, [['3×24×24'], ['3×32×32']]);
        const weights = async (early: number) => {
          const store = new CheckpointStore(`${folder}/${early}`, { keep: 0, onWarning: assert.fail });
          const tensor = (await store.latest())?.checkpoint.tensors.get('group1/conv1/weights');
          return tensor === undefined ? [] : [...float32Data(tensor)];
        };
        assert.notDeepEqual(await weights(2), await weights(4), 'the last steps have other images');
      }));
  });

test('a network must have the same variables for both sizes', () => {
  const sized = (network: string, earlySize: number) => ({
    ...definition(0),
    ...{ network: makeNetwork(network, 10), groups: [] },
    hyperparameters: { ...definition(0).hyperparameters, earlySize },
  });
  assert.throws(() => checkedTrainingGraph(sized('cifar10', 20)), {
    name: 'UsageError',
    message:
      /^`earlySize: 20`: the network cifar10 has local3\/weights of another shape for such images; use/,
  });
  assert.throws(() => checkedTrainingGraph(sized('resnet', 32)), {
    name: 'UsageError',
    message: /^`earlySize`: found 32, expected less than 32, the size of the images of the network resnet/,
  });
  assert.throws(() => checkedTrainingGraph(sized('airbench', 4)), /does not take images of 3×4×4/);
  checkedTrainingGraph(sized('resnet', 24));
});
