import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Engine, Session, Tensors } from '../engine/engine.ts';
import { towerName } from '../engine/tower-session.ts';
import { makeImages } from '../input/augmentations.ts';
import { BatchMaker, sharesOf } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { airbenchRecipe } from '../recipe/recipes/airbench.ts';
import { float32Data } from '../tensor/tensor.ts';
import { engines, engineVariants } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { initialState } from './loss-scale.ts';
import type { RunDefinition, TrainingRun } from './run-definition.ts';
import { openSession, threadsOf } from './towers.ts';
import { type TrainEvent, trainSteps } from './train.ts';
import { trainStep } from './train-step.ts';
import { buildTrainingGraph, initialVariables } from './training-graph.ts';
import { imagesOf, makeRun, sampleImagesOf } from './training-run.ts';

const examples = noiseExamples(60);
const widths = { conv1: 16, conv2: 16, local3: 24, local4: 18 };
const tutorial: RunDefinition = {
  ...{ network: tutorialNetwork(10, widths), batchSize: 10, seed: 0, holdout: 0 },
  hyperparameters: { ...tutorialHyperparameters, learningRate: 0.01 },
};
const everything: RunDefinition = {
  ...{ network: makeNetwork('resnet', 10, { depth: 8 }), batchSize: 10, seed: 0, holdout: 0 },
  augmentation: 'pad_crop_flip',
  hyperparameters: {
    ...{ ...tutorialHyperparameters, optimizer: 'nesterov', learningRate: 0.01, clipNorm: 1 },
    ...{ labelSmoothing: 0.1, movingAverageDecay: 0 },
  },
};
/** Muon, with settings of their own for the biases and the last layer. */
const muon: RunDefinition = {
  ...tutorial,
  hyperparameters: {
    ...{ ...tutorialHyperparameters, optimizer: 'muon', learningRate: 0.01, momentum: 0.6, weightNorm: 1 },
    movingAverageDecay: 0,
  },
  groups: [
    { match: '*/biases', learningRate: 2, weightDecay: 0 },
    { match: 'softmax_linear/*', learningRate: 0.5, weightDecay: 0, optimizer: 'nesterov', momentum: 0.85 },
  ],
};

/** Batch normalization, look-ahead and a whitening layer. */
const airbench: RunDefinition = {
  ...{ network: makeNetwork('airbench', 10, { width: 0.25 }), batchSize: 10, seed: 0, holdout: 0 },
  ...{ augmentation: airbenchRecipe.augmentation, normalization: airbenchRecipe.normalization },
  hyperparameters: { ...airbenchRecipe.hyperparameters, decaySteps: 6, lookAheadSteps: 2 },
  groups: airbenchRecipe.groups,
};

interface Taken {
  readonly losses: readonly number[];
  readonly towerLosses: readonly (readonly number[])[];
  readonly outputs: Tensors;
  readonly variables: Tensors;
}

/** Takes steps with the batches of a run. */
async function steps(run: TrainingRun, count: number, watch: boolean = false): Promise<Taken> {
  const training = buildTrainingGraph(run);
  const session: Session = await openSession(run, training);
  const maker = new BatchMaker(examples, makeImages(imagesOf(run), run.network.imageShape, examples.dataset));
  const order = new ExampleOrder(run.seed, examples.count);
  try {
    await session.write(initialVariables(training, run.seed, undefined, sampleImagesOf(run)));
    const losses: number[] = [];
    const towerLosses: (readonly number[])[] = [];
    let last: Tensors = new Map();
    let before = initialState(training.isLossScaled);
    for (let step = 0; step < count; step++) {
      const batch = maker.training(order, step, maker.buffers(run.batchSize));
      const { report, outputs, state } = await trainStep(run, training, session, batch, {
        watch,
        state: before,
      });
      before = state;
      losses.push(report.totalLoss);
      towerLosses.push(report.towerLosses);
      last = outputs;
    }
    return { losses, towerLosses, outputs: last, variables: await session.read() };
  } finally {
    await session.release();
  }
}
const on = (definition: RunDefinition, engine: Engine, towers: number) =>
  makeRun(definition, examples, engine, towers);

describe('sharesOf', () => {
  test('divides a batch into parts that differ by at most one row and follow each other', () => {
    assert.deepEqual(sharesOf(128, 2), [
      { first: 0, count: 64 },
      { first: 64, count: 64 },
    ]);
    for (const [rows, parts] of [
      [10, 3],
      [128, 7],
      [5, 5],
    ] as const) {
      const shares = sharesOf(rows, parts);
      let next = 0;
      for (const { first, count } of shares) {
        assert.equal(first, next);
        assert.ok(count === Math.floor(rows / parts) || count === Math.ceil(rows / parts));
        next += count;
      }
      assert.equal(next, rows);
    }
  });

  test('refuses more parts than rows', () => {
    assert.throws(() => sharesOf(2, 3), RangeError);
  });
});

test('the towers share the threads of the engine, and each has at least one', () => {
  const engine = { threads: 5 } as Engine;
  assert.deepEqual(
    [1, 2, 5, 8].map((towers) => threadsOf({ engine, towers })),
    [5, 2, 1, 1],
  );
});

for (const { title, skip, create, tolerance } of engineVariants)
  describe(`towers on ${title}`, { skip }, () => {
    for (const [what, definition, count] of [
      ['20 losses', tutorial, 20],
      ['5 losses with Muon', muon, 5],
    ] as const)
      test(`the first ${what} are those of one tower, also with unequal shares`, async () => {
        const one = await steps(on(definition, create(1), 1), count);
        for (const towers of [2, 3]) {
          const several = await steps(on(definition, create(1), towers), count);
          several.losses.forEach((loss, step) => {
            const difference = Math.abs(loss - (one.losses[step] ?? Number.NaN));
            assert.ok(
              difference <= tolerance * Math.max(1, loss),
              `${towers} towers, step ${step}: ${difference}`,
            );
          });
        }
      });

    test('the loss is the mean of the losses of the towers, weighted by their images', async () => {
      const { losses, towerLosses } = await steps(on(tutorial, create(1), 3), 2);
      const weights = sharesOf(10, 3).map(({ count }) => count / 10);
      losses.forEach((loss, step) => {
        const of = towerLosses[step] ?? [];
        assert.equal(of.length, 3);
        const mean = of.reduce((sum, value, tower) => sum + value * (weights[tower] ?? 0), 0);
        assert.ok(Math.abs(loss - mean) < 1e-5, `${loss}, ${mean}`);
      });
      assert.notEqual(towerLosses[0]?.[0], towerLosses[0]?.[1]);
    });

    test('with airbench, the running means of the first layer are those of one tower, and each tower normalizes its own images', async () => {
      const [one, two] = [
        await steps(on(airbench, create(1), 1), 1),
        await steps(on(airbench, create(1), 2), 1),
      ];
      const name = 'group1/conv1/moving_mean';
      const [expected = [], found = []] = [one, two].map(({ variables }) => {
        const tensor = variables.get(name);
        return tensor === undefined ? [] : [...float32Data(tensor)];
      });
      assert.ok(expected.length === 16 && expected.some((value) => value !== 0), 'there are running means');
      const worst = Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? 0))));
      assert.ok(worst <= 10 * tolerance, `${worst}`);
      assert.notEqual(one.losses[0], two.losses[0]);
      // The same images in two steps of one tower, which do not change the weights.
      const unchanged = { learningRate: 0, startLearningRate: 0, endLearningRate: 0 };
      const hyperparameters = { ...airbench.hyperparameters, ...unchanged };
      const halves = await steps(on({ ...airbench, batchSize: 5, hyperparameters }, create(1), 1), 2);
      for (const [half, loss] of halves.losses.entries()) {
        const difference = Math.abs(loss - (two.towerLosses[0]?.[half] ?? Number.NaN));
        assert.ok(difference <= 10 * tolerance, `half ${half}: ${difference}`);
      }
    });

    test('the same towers give the same bits, with summaries or without', async () => {
      const first = await steps(on(everything, create(1), 2), 3);
      const again = await steps(on(everything, create(1), 2), 3, true);
      assert.deepEqual(again.variables, first.variables);
      assert.deepEqual(again.losses, first.losses);
    });

    test('outputs and watched values have the shapes of the whole batch', async () => {
      const run = on(tutorial, create(1), 3);
      const { outputs } = await steps(run, 1, true);
      const { graph } = buildTrainingGraph(run);
      for (const role of ['output', 'watched'] as const)
        for (const [name, { shape }] of graph.results[role])
          assert.deepEqual(outputs.get(name)?.shape, shape, name);
      assert.deepEqual(outputs.get(towerName(2, 'total_loss'))?.shape, []);
    });

    test('watched values of the batch are those of one tower, row by row', async () => {
      const one = await steps(on(tutorial, create(1), 1), 1, true);
      const several = await steps(on(tutorial, create(1), 3), 1, true);
      for (const name of ['logits', 'conv2/conv2/activations', 'local4/weights/gradients']) {
        const [expected, found] = [one, several].map(({ outputs }) => {
          const tensor = outputs.get(name);
          return tensor === undefined ? [] : [...float32Data(tensor)];
        });
        assert.ok(found?.length && found.length === expected?.length, name);
        const largest = Math.max(...(expected ?? []).map(Math.abs));
        const worst = Math.max(
          ...(expected ?? []).map((value, index) => Math.abs(value - (found?.[index] ?? 0))),
        );
        assert.ok(worst <= 10 * tolerance * Math.max(1, largest), `${name}: ${worst} of ${largest}`);
      }
    });
  });

for (const { name, skip, create } of engines)
  describe(`a run with towers on ${name}`, { skip }, () => {
    const options = (folder: string, towers: number, definition: RunDefinition = everything) => ({
      run: on(definition, create(2), towers),
      store: new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }),
      ...{ checkpointSteps: 2, versions: { cifar10: '0' } },
    });
    async function eventsOf(events: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> {
      const all: TrainEvent[] = [];
      for await (const event of events) all.push(event);
      return all;
    }

    test('resumes bit-identically with airbench', () =>
      inTemporaryFolder(async (folder) => {
        const whole = options(`${folder}/whole`, 2, airbench);
        await eventsOf(trainSteps({ ...whole, maxSteps: 5 }));
        const expected = await whole.store.latest();
        for (const stop of [2, 3]) {
          const parts = options(`${folder}/${stop}`, 2, airbench);
          await eventsOf(trainSteps({ ...parts, maxSteps: stop }));
          const resume = await parts.store.latest();
          await eventsOf(trainSteps({ ...parts, ...(resume && { resume }), maxSteps: 5 }));
          const found = await parts.store.latest();
          assert.deepEqual(found?.checkpoint.tensors, expected?.checkpoint.tensors);
        }
      }));

    test('resumes bit-identically with Muon', () =>
      inTemporaryFolder(async (folder) => {
        const whole = options(`${folder}/whole`, 2, muon);
        await eventsOf(trainSteps({ ...whole, maxSteps: 4 }));
        const parts = options(`${folder}/parts`, 2, muon);
        await eventsOf(trainSteps({ ...parts, maxSteps: 2 }));
        const resume = await parts.store.latest();
        assert.ok(resume);
        assert.deepEqual(resume.checkpoint.metadata.groups[1]?.optimizer, 'nesterov');
        await eventsOf(trainSteps({ ...parts, resume, maxSteps: 4 }));
        const [expected, found] = [await whole.store.latest(), await parts.store.latest()];
        assert.deepEqual(found?.checkpoint.tensors, expected?.checkpoint.tensors);
      }));

    test('resumes bit-identically, and reports another number of towers', () =>
      inTemporaryFolder(async (folder) => {
        const whole = options(`${folder}/whole`, 2);
        await eventsOf(trainSteps({ ...whole, maxSteps: 4 }));
        const parts = options(`${folder}/parts`, 2);
        await eventsOf(trainSteps({ ...parts, maxSteps: 2 }));
        const resume = await parts.store.latest();
        assert.ok(resume);
        assert.deepEqual([resume.checkpoint.metadata.towers, resume.checkpoint.metadata.threads], [2, 1]);
        await eventsOf(trainSteps({ ...parts, resume, maxSteps: 4 }));
        const [expected, found] = [await whole.store.latest(), await parts.store.latest()];
        assert.deepEqual(found?.checkpoint.tensors, expected?.checkpoint.tensors);

        const other = options(`${folder}/parts`, 1);
        const ready = await eventsOf(trainSteps({ ...other, ...(found && { resume: found }), maxSteps: 5 }));
        const changes = ready.flatMap((event) => (event.kind === 'ready' ? event.changes : []));
        assert.deepEqual(changes, ['towers: 2, now 1', 'threads: 1, now 2']);
      }));
  });
