/** Tests loss scaling: its rule and the updates against PyTorch's GradScaler, and in float32, in which it must not change the
 * parameters by a single bit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Engine, Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { makeNetwork } from '../model/networks.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { adam } from '../optimizer/adam.ts';
import type { OptimizerOptions } from '../optimizer/optimizer.ts';
import { applyOptimizers } from '../optimizer/update.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { float32, float32Data, scalar } from '../tensor/tensor.ts';
import { trainingBatch } from '../testing/batches.ts';
import { assertClose } from '../testing/compare.ts';
import { engines, engineVariants } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import {
  initialState,
  isExhausted,
  isLossScaled,
  type LossScale,
  lossScaling,
  stateAfter,
} from './loss-scale.ts';
import type { RunDefinition } from './run-definition.ts';
import { type TrainEvent, type TrainOptions, trainSteps } from './train.ts';
import { type StepReport, trainStep } from './train-step.ts';
import {
  averagedLoss,
  buildTrainingGraph,
  gradientTag,
  initialVariables,
  stepScalars,
} from './training-graph.ts';
import { makeRun, metadataOf } from './training-run.ts';

interface Fixture {
  readonly steps: number;
  readonly rate: number;
  readonly options: Pick<OptimizerOptions, 'beta1' | 'beta2' | 'epsilon'>;
  readonly skipped: Readonly<Record<string, 'inf' | '-inf' | 'nan'>>;
  readonly start: readonly number[];
  readonly scales: readonly (readonly [step: number, scale: number, finiteSteps: number])[];
  readonly parameters: readonly (readonly number[])[];
}
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/loss-scale.json', import.meta.url), 'utf8'),
) as Fixture;

/** The gradients of the fixture. */
function gradientAt(step: number): readonly number[] {
  const values = [0, 1, 2].map((i) => Math.round(Math.sin(1 + step * 1.7 + i * 0.9) * 1024) / 1024);
  const bad = fixture.skipped[step];
  if (bad !== undefined) values[step % 3] = Number(bad.replace('inf', 'Infinity'));
  return values;
}

describe("the rule of the scale is that of PyTorch's GradScaler", () => {
  test('over steps with and without finite gradients', () => {
    let state = initialState(true);
    const changes: (readonly [number, number, number])[] = [];
    for (let step = 0; step < fixture.steps; step++) {
      const before = state.lossScale;
      state = stateAfter(state, step in fixture.skipped);
      const { scale, finiteSteps } = state.lossScale ?? assert.fail();
      if (scale !== before?.scale || step === fixture.steps - 1) changes.push([step, scale, finiteSteps]);
    }
    assert.deepEqual(changes, fixture.scales);
    assert.equal(state.skippedSteps, Object.keys(fixture.skipped).length);
  });

  test('but the scale stays between 1 and 2¹²⁶', () => {
    const after = (lossScale: LossScale, isSkipped: boolean) =>
      stateAfter({ skippedSteps: 0, lossScale }, isSkipped).lossScale;
    assert.deepEqual(after({ scale: 1, finiteSteps: 5 }, true), { scale: 1, finiteSteps: 0 });
    const finiteSteps = lossScaling.interval - 1;
    assert.deepEqual(after({ scale: 2 ** 125, finiteSteps }, false), { scale: 2 ** 126, finiteSteps: 0 });
    assert.deepEqual(after({ scale: 2 ** 126, finiteSteps }, false), { scale: 2 ** 126, finiteSteps: 0 });
    assert.ok(isExhausted(true, 1) && !isExhausted(true, 2) && !isExhausted(false, 1));
  });

  test('a run that does not scale its loss has no scale, and keeps the number of skipped steps of its checkpoint', () => {
    const stored = { skippedSteps: 3, lossScale: { scale: 8, finiteSteps: 7 } };
    assert.deepEqual(initialState(false, stored), { skippedSteps: 3, lossScale: undefined });
    assert.deepEqual(initialState(true, stored), stored);
    assert.deepEqual(initialState(true, { ...stored, lossScale: undefined }), {
      skippedSteps: 3,
      lossScale: { scale: 65_536, finiteSteps: 0 },
    });
  });
});

/** A step of Adam with a gradient that is passed in, as the training graph has it: scaled, unscaled, checked. */
function adamGraph(): Graph {
  const b = new GraphBuilder('adam');
  const { op } = b;
  const type = { dtype: 'float32', shape: [3] } as const;
  const [fed, rate] = [b.input('gradient', type), b.input('learning_rate', { dtype: 'float32', shape: [] })];
  const scale = b.input('loss_scale', { dtype: 'float32', shape: [] });
  const inverse = op('Div', { a: op('Constant', {}, { value: scalar(1) }), b: scale });
  const gradient = op('Mul', { a: op('Mul', { a: fed, b: scale }), b: inverse });
  b.result('finite', 'sum', op('L2Loss', { x: gradient }));
  const options = { ...tutorialHyperparameters, ...fixture.options };
  applyOptimizers(b, rate, Object.keys(adam.scalars(1, options)), [
    {
      variable: b.variable('p', type),
      gradient,
      optimizer: adam,
      options,
      ...{ learningRateFactor: 1, weightDecay: 0 },
    },
  ]);
  b.output('rate', rate);
  return b.build();
}

for (const { name, create, skip } of engines)
  test(`Adam on ${name} has PyTorch's parameters after steps of which some are skipped`, {
    skip,
  }, async () => {
    const session = await create(1).compile(adamGraph());
    try {
      await session.write(new Map([['p', float32([3], fixture.start)]]));
      let state = initialState(true);
      for (const [step, expected] of fixture.parameters.entries()) {
        const options = { ...tutorialHyperparameters, ...fixture.options };
        const scalars = Object.entries(adam.scalars(step - state.skippedSteps + 1, options));
        await session.step(
          new Map([
            ['gradient', float32([3], gradientAt(step))],
            ['learning_rate', scalar(fixture.rate)],
            ['loss_scale', scalar(state.lossScale?.scale ?? 0)],
            ...scalars.map(([path, value]) => [path, scalar(value)] as const),
          ]),
        );
        state = stateAfter(state, step in fixture.skipped);
        const { data, shape } = (await session.read()).get('p') ?? assert.fail();
        assertClose({ data, shape }, { shape: [3], data: Float64Array.from(expected) }, 1e-5, `step ${step}`);
      }
    } finally {
      await session.release();
    }
  });

test('scalars that correct averages count updates, and the learning rate counts steps', () => {
  const adamWithEnd = { optimizer: 'adam', schedule: 'cosine', decaySteps: 100 } as const;
  const hyperparameters = { ...tutorialHyperparameters, ...adamWithEnd };
  const scalars = (step: number, skippedSteps: number) =>
    stepScalars(step, 1000, { batchSize: 10, hyperparameters }, { skippedSteps });
  const [all, some] = [scalars(20, 0), scalars(23, 3)];
  for (const name of ['moving_average_decay', 'first_moment_correction', 'second_moment_correction'])
    assert.equal(some.get(name), all.get(name), name);
  const ahead = { ...tutorialHyperparameters, lookAheadSteps: 5, lookAheadDecay: 0.9, decaySteps: 24 };
  const aheadAt = (step: number, skippedSteps: number) =>
    stepScalars(step, 1000, { batchSize: 10, hyperparameters: ahead }, { skippedSteps }).get(
      'look_ahead_kept',
    );
  assert.equal(aheadAt(19, 0), 0);
  assert.equal(aheadAt(19, 3), 1);
  assert.equal(aheadAt(22, 3), 0, 'after the 20th update');
  assert.equal(aheadAt(23, 3), 0, 'after the last step');
  assert.equal(some.get('learning_rate'), scalars(23, 0).get('learning_rate'));
  assert.ok(!all.has('loss_scale'));
});

const examples = noiseExamples(60);
const base = { batchSize: 6, seed: 0, holdout: 0 };
const definitions: Readonly<Record<string, RunDefinition>> = {
  tutorial: {
    ...base,
    network: tutorialNetwork(10, { conv1: 8, conv2: 8, local3: 8, local4: 8 }),
    hyperparameters: { ...tutorialHyperparameters, learningRate: 0.01 },
  },
  'resnet with Adam and clipping': {
    ...base,
    network: makeNetwork('resnet', 10, { depth: 8 }),
    augmentation: 'pad_crop_flip',
    hyperparameters: { ...tutorialHyperparameters, optimizer: 'adam', learningRate: 0.001, clipNorm: 1 },
  },
};
const tutorial = definitions['tutorial'] ?? assert.fail();

/** A definition with large gradients. */
const steep = (definition: RunDefinition): RunDefinition => ({
  ...definition,
  hyperparameters: { ...definition.hyperparameters, weightDecay: 1000, learningRate: 1e-6 },
});

interface Trained {
  readonly steps: readonly StepReport[];
  readonly end: TrainEvent & { readonly kind: 'end' };
}

/** Trains in a folder, from its newest checkpoint or from a new one with the given scale. */
async function train(
  folder: string,
  definition: RunDefinition,
  engine: Engine,
  {
    lossScale,
    towers = 1,
    ...options
  }: Partial<TrainOptions> & { readonly lossScale?: LossScale; readonly towers?: number } = {},
): Promise<Trained> {
  const run = makeRun(definition, examples, engine, towers);
  const versions = { cifar10: '0' };
  const training = buildTrainingGraph(run, { lossScaling: lossScale !== undefined });
  const store = new CheckpointStore(folder, { keep: 0, onWarning: assert.fail });
  if ((await store.latest()) === undefined)
    await writeCheckpoint(folder, {
      tensors: initialVariables(training, 0),
      metadata: metadataOf(run, 0, versions, { skippedSteps: 0, lossScale }),
    });
  const resume = await store.latest();
  const steps: StepReport[] = [];
  let end: Trained['end'] | undefined;
  const settings = { run, training, store, maxSteps: 6, checkpointSteps: 100, versions };
  for await (const event of trainSteps({ ...settings, ...(resume && { resume }), ...options })) {
    if (event.kind === 'step') steps.push(event);
    if (event.kind === 'end') end = event;
  }
  return { steps, end: end ?? assert.fail() };
}

const latest = async (folder: string) =>
  (await new CheckpointStore(folder, { keep: 0, onWarning: assert.fail }).latest())?.checkpoint ??
  assert.fail();

/** The bits of all tensors. */
const bits = (tensors: Tensors) =>
  new Map([...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]));

const initial: LossScale = { scale: lossScaling.initial, finiteSteps: 0 };
/** So high that the gradients of several steps overflow in float32, if weights decay fast. */
const tooHigh: LossScale = { scale: lossScaling.maximum, finiteSteps: 0 };

for (const { name: engineName, create, skip } of engines)
  describe(`a run with loss scaling in float32, on ${engineName}`, { skip }, () => {
    for (const [name, definition] of Object.entries(definitions))
      for (const towers of [1, 2])
        test(`trains ${name} on ${towers} towers to the same bits as without it`, () =>
          inTemporaryFolder(async (folder) => {
            const engine = create(towers);
            const plain = await train(`${folder}/plain`, definition, engine, { towers });
            const scaled = await train(`${folder}/scaled`, definition, engine, {
              towers,
              lossScale: initial,
            });
            assert.deepEqual(
              scaled.steps.map(({ totalLoss }) => totalLoss),
              plain.steps.map(({ totalLoss }) => totalLoss),
            );
            assert.deepEqual(
              bits((await latest(`${folder}/scaled`)).tensors),
              bits((await latest(`${folder}/plain`)).tensors),
            );
            assert.ok(scaled.steps.every(({ isSkipped }) => !isSkipped));
          }));

    test('skips steps whose gradients overflow, halves the scale, and counts them', () =>
      inTemporaryFolder(async (folder) => {
        const { steps, end } = await train(folder, steep(tutorial), create(2), {
          lossScale: tooHigh,
          maxSteps: 12,
        });
        const skipped = steps.filter(({ isSkipped }) => isSkipped).length;
        assert.ok(skipped > 1 && skipped < 10, `${skipped} skipped`);
        for (const { step, lossScale, isSkipped, skippedSteps } of steps) {
          assert.equal(isSkipped, step < skipped, `step ${step}`);
          assert.equal(skippedSteps, Math.min(step + 1, skipped));
          assert.equal(lossScale, tooHigh.scale / 2 ** Math.min(step, skipped));
        }
        assert.equal(end.skippedSteps, skipped);
        const { metadata } = await latest(folder);
        assert.equal(metadata.globalStep, 12);
        assert.equal(metadata.skippedSteps, skipped);
        const scale = tooHigh.scale / 2 ** skipped;
        assert.deepEqual(metadata.lossScale, { scale, finiteSteps: 12 - skipped });
      }));

    test('changes no variable in a skipped step', () =>
      inTemporaryFolder(async (folder) => {
        await train(folder, steep(tutorial), create(2), { lossScale: tooHigh, maxSteps: 1 });
        const [before, after] = [0, 1].map((step) => `${folder}/model.ckpt-${step}.safetensors`);
        const [first, second] = [await readCheckpoint(before ?? ''), await readCheckpoint(after ?? '')];
        assert.deepEqual(bits(second.tensors), bits(first.tensors));
        assert.equal(second.metadata.skippedSteps, 1);
      }));

    for (const [what, lossScale] of [
      ['steps are skipped', tooHigh],
      ['the scale grows', { scale: 4, finiteSteps: lossScaling.interval - 3 }],
      ['the scale grows later', { scale: 4, finiteSteps: lossScaling.interval - 7 }],
    ] as const)
      for (const towers of [1, 2])
        test(`resumes to the bit on ${towers} towers: 10 steps are 5 and 5 more, if ${what}`, () =>
          inTemporaryFolder(async (folder) => {
            const definition = steep(definitions['resnet with Adam and clipping'] ?? assert.fail());
            const options = { lossScale, towers };
            const whole = await train(`${folder}/whole`, definition, create(towers), {
              ...options,
              maxSteps: 10,
            });
            const first = await train(`${folder}/parts`, definition, create(towers), {
              ...options,
              maxSteps: 5,
            });
            const rest = await train(`${folder}/parts`, definition, create(towers), {
              ...options,
              maxSteps: 10,
            });
            const facts = ({ step, totalLoss, lossScale: scale, isSkipped, skippedSteps }: StepReport) =>
              [step, totalLoss, scale, isSkipped, skippedSteps] as const;
            assert.deepEqual([...first.steps, ...rest.steps].map(facts), whole.steps.map(facts));
            const [one, other] = [await latest(`${folder}/whole`), await latest(`${folder}/parts`)];
            assert.deepEqual(bits(other.tensors), bits(one.tensors));
            assert.deepEqual(other.metadata.lossScale, one.metadata.lossScale);
            assert.equal(other.metadata.skippedSteps, one.metadata.skippedSteps);
            assert.notDeepEqual(one.metadata.lossScale, {
              ...lossScale,
              finiteSteps: lossScale.finiteSteps + 10,
            });
          }));
  });

const [{ create } = assert.fail()] = engines;

test('a run whose gradients are not finite at the smallest scale ends with advice, and saves nothing', () =>
  inTemporaryFolder(async (folder) => {
    const engine = create(1);
    const training = (source: Engine): Engine => ({
      ...source,
      // The gradients of a weight that is infinite are not finite, and a loss without it is.
      compile: async (graph, options) => {
        const session = await source.compile(graph, options);
        return {
          ...session,
          ...{ write: (tensors) => session.write(tensors), read: () => session.read() },
          ...{ recover: () => session.recover(), release: () => session.release() },
          step: async (feeds, control) => {
            const bad = new Map([...feeds, ['loss_scale', scalar(Number.POSITIVE_INFINITY)] as const]);
            return session.step(bad, control);
          },
        };
      },
    });
    const lossScale = { scale: 4, finiteSteps: 0 };
    await assert.rejects(
      train(folder, tutorial, training(engine), { lossScale, maxSteps: 10 }),
      (error) =>
        error instanceof RunError &&
        error.code === 'CIFAR10_DIVERGED' &&
        /^Model diverged: the gradients are not finite at step 2, learning rate 0.01, although the loss is scaled by only 1, the minimum\.\n/.test(
          error.message,
        ) &&
        /`clipNorm: 5`, may help\. The last good checkpoint is .*model\.ckpt-0\.safetensors\./.test(
          error.message,
        ) &&
        /\n {2}The loss is \d\.\d+\. Steps of this run that changed no variable: 3$/.test(error.message),
    );
    assert.equal((await latest(folder)).metadata.globalStep, 0);
  }));

test('the average of a loss that is shown counts updates', () => {
  const first = averagedLoss(0, 3, 0);
  assert.ok(Math.abs(first - 3) < 1e-12);
});

for (const { title, precision, skip, create: createVariant } of engineVariants)
  if (isLossScaled(precision))
    test(`on ${title} the scale decides how exact small gradients are, because they are scaled in the backward pass only`, {
      skip,
    }, async () => {
      const training = buildTrainingGraph(tutorial, { lossScaling: true });
      const variables = initialVariables(training, 0);
      const batch = trainingBatch(examples, 0, tutorial.batchSize);
      /** The gradient of the first dense layer. */
      const gradient = async (engine: Engine, scale: number) => {
        const session = await engine.compile(training.graph);
        try {
          await session.write(variables);
          const run = { ...tutorial, examples };
          const state = { skippedSteps: 0, lossScale: { scale, finiteSteps: 0 } };
          const { outputs } = await trainStep(run, training, session, batch, { watch: true, state });
          return float32Data(outputs.get(gradientTag('local3/weights')) ?? assert.fail());
        } finally {
          await session.release();
        }
      };
      const exact = await gradient(create(1), 1);
      const errorAt = async (scale: number) => {
        const found = await gradient(createVariant(1), scale);
        return Math.hypot(...exact.map((value, index) => value - (found[index] ?? 0))) / Math.hypot(...exact);
      };
      const [high, low] = [await errorAt(lossScaling.initial), await errorAt(2 ** -20)];
      assert.ok(high < 0.01 && low > 0.5, `${high}, ${low}`);
    });
