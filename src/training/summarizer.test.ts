import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Engine } from '../engine/engine.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import type { RecordedValue } from '../summary/recorded-value.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { trainingBatch } from '../testing/batches.ts';
import { relativeDistance } from '../testing/compare.ts';
import { engineVariants } from '../testing/engines.ts';
import { noiseExamples } from '../testing/examples.ts';
import type { TrainingRun } from './run-definition.ts';
import { Summarizer } from './summarizer.ts';
import { type StepReport, trainStep } from './train-step.ts';
import { buildTrainingGraph, initialVariables } from './training-graph.ts';
import { makeRun } from './training-run.ts';

const widths = { conv1: 16, conv2: 16, local3: 24, local4: 18 };
const examples = noiseExamples(40);
const batch = trainingBatch(examples, 0, 16);

/** Makes a run with a learning rate of 1, so that a step subtracts the gradient itself from a variable. */
function runOn(engine: Engine, clipNorm: number): TrainingRun {
  const recipe = {
    ...{ network: tutorialNetwork(10, widths), batchSize: 16, seed: 0, holdout: 0 },
    hyperparameters: { ...tutorialHyperparameters, learningRate: 1, clipNorm },
  };
  return makeRun(recipe, examples, engine);
}

const tensorsOf = (values: readonly RecordedValue[]) =>
  new Map(values.flatMap((value) => (value.kind === 'tensor' ? [[value.tag, value.data] as const] : [])));

const noQueue = { queue: { ready: 0, capacity: 1 }, waitedMillis: 0 };

/** Returns the values in the summary of a step, and the variables before and after the step. */
async function lookAndStep(run: TrainingRun) {
  const training = buildTrainingGraph(run);
  const session = await run.engine.compile(training.graph);
  await session.write(initialVariables(training, run.seed));
  try {
    const before = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
    const { report, outputs } = await trainStep(run, training, session, batch, { watch: true });
    const summarizer = new Summarizer(run, training, 1);
    const { values } = summarizer.summarize(
      batch,
      outputs,
      { ...report, waitedMillis: 0, stepMillis: 1 },
      noQueue,
    );
    const [seen, { losses }] = [tensorsOf(values), report];
    const after = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
    return { names: training.parameters.map(({ variable }) => variable.name), before, after, seen, losses };
  } finally {
    await session.release();
  }
}

for (const { title, skip, create } of engineVariants) {
  describe(title, { skip }, () => {
    for (const clipNorm of [0, 0.25]) {
      test(`shows the gradients that the step with this batch applies${clipNorm > 0 ? ', clipped' : ''}`, async () => {
        const { names, before, after, seen } = await lookAndStep(runOn(create(1), clipNorm));
        let squares = 0;
        for (const variable of names) {
          const old = before.get(variable)?.data ?? new Float32Array(0);
          const applied = old.map((value, i) => value - (after.get(variable)?.data[i] ?? Number.NaN));
          const shown = seen.get(`${variable}/gradients`);
          assert.ok(shown !== undefined && shown.length === old.length, variable);
          const distance = relativeDistance(shown, applied);
          assert.ok(distance <= 1e-3, `${variable}: relative distance ${distance}`);
          squares += shown.reduce((sum, value) => sum + value * value, 0);
          assert.deepEqual(seen.get(variable), old, `${variable} is shown as it was before the step`);
        }
        if (clipNorm > 0)
          assert.ok(Math.abs(Math.sqrt(squares) - clipNorm) < 1e-2, `norm ${Math.sqrt(squares)}`);
      });
    }

    test('shows the activations from which the loss of this batch is computed', async () => {
      const { seen, losses } = await lookAndStep(runOn(create(1), 0));
      const logits = seen.get('softmax_linear/softmax_linear/activations') ?? new Float32Array(0);
      const entropies = Array.from(batch.labels, (label, row) => {
        const scores = logits.subarray(row * 10, row * 10 + 10);
        const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
        return Math.log(sum) - (scores[label] ?? Number.NaN);
      });
      const mean = entropies.reduce((a, b) => a + b, 0) / batch.labels.length;
      assert.ok(Math.abs(mean - (losses.get('cross_entropy') ?? 0)) < 1e-3, `${mean}`);
      for (const layer of ['conv1', 'conv2', 'local3', 'local4']) {
        const values = seen.get(`${layer}/${layer}/activations`) ?? new Float32Array(0);
        assert.ok(
          values.length > 0 && values.every((value) => value >= 0),
          `${layer} is taken after its ReLU`,
        );
      }
      assert.ok(seen.get('conv1/conv1/activations')?.includes(0), 'about half of the activations are zeros');
    });
  });
}

describe('a summary', () => {
  const report = (step: number, value: number): StepReport => ({
    ...{
      kind: 'step',
      ...{ lossScale: undefined, isSkipped: false, skippedSteps: 0 },
      step,
      totalLoss: value,
      towerLosses: [],
      learningRate: 0.1,
      correct: 0,
      waitedMillis: 0,
      stepMillis: 1,
    },
    losses: new Map([['total_loss', value]]),
  });
  const [onnx] = engineVariants;
  const scalarsOf = (values: readonly RecordedValue[]) =>
    new Map(values.flatMap((value) => (value.kind === 'scalar' ? [[value.tag, value.value] as const] : [])));

  const training = { activations: [], parameters: [] };

  test('reports the rates over all steps since the last summary, and how full the queue was', async () => {
    assert.ok(onnx !== undefined);
    const summarizer = new Summarizer(runOn(onnx.create(1), 0), training, 1);
    const before = new Map([
      ['total_loss/avg', { dtype: 'float32', shape: [], data: Float32Array.of(2) }],
    ] as const);
    const tell = (step: number, waitedMillis: number) => {
      const batches = { queue: { ready: 3, capacity: 4 }, waitedMillis };
      return scalarsOf(summarizer.summarize(batch, before, report(step, 3), batches).values);
    };
    const first = tell(0, 1000);
    assert.equal(
      first.has('examples_per_sec') || first.has('input/waiting'),
      false,
      'the first summary has no rates',
    );
    assert.equal(first.get('queue/batches/fraction_of_4_full'), 0.75);
    assert.equal(first.get('learning_rate'), 0.1);
    const started = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const second = tell(3, 1000 + 3 * 20);
    const millis = performance.now() - started;
    const near = (found: number | undefined, expected: number) =>
      assert.ok(Math.abs((found ?? Number.NaN) / expected - 1) < 0.1, `${found}, expected ${expected}`);
    near(second.get('examples_per_sec'), (3 * 16 * 1000) / millis);
    near(second.get('input/waiting'), 60 / millis);
    // 2 − 0.1·(2 − 3) = 2.1, which still contains a share of 0.9⁴ of the initial zero.
    near(second.get('total_loss'), 2.1 / (1 - 0.9 ** 4));
    assert.equal(second.get('total_loss (raw)'), 3);
  });

  test('shows no more images than the batch contains, and each has its own memory', () => {
    assert.ok(onnx !== undefined);
    const two = { ...runOn(onnx.create(1), 0), batchSize: 2 };
    const summarizer = new Summarizer(two, training, 1);
    const small = trainingBatch(examples, 0, 2);
    const { values } = summarizer.summarize(small, new Map(), report(0, 3), noQueue);
    const pictures = values.flatMap((value) => (value.kind === 'picture' ? [value] : []));
    assert.deepEqual(
      pictures.map(({ tag, image }) => [tag, image.shape]),
      [
        ['images/image/0', [3, 24, 24]],
        ['images/image/1', [3, 24, 24]],
      ],
    );
    const expected = small.images.slice(1728, 2 * 1728);
    small.images.fill(0);
    assert.deepEqual(pictures[1]?.image.data, expected);
  });
});
