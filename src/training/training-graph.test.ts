import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { gradients } from '../autodiff/gradients.ts';
import type { Engine } from '../engine/engine.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { loss } from '../model/loss.ts';
import { type TutorialWidths, tutorialNetwork } from '../model/networks/tutorial.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { averageName, movingAverageDecay } from '../optimizer/moving-average.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { type Hyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, float32, scalar, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { assertClose, relativeDistance } from '../testing/compare.ts';
import { float32Variants } from '../testing/engines.ts';
import {
  formulaLabels,
  formulaScale,
  formulaTensor,
  loadTrainingFixture,
  type Summary,
  tensorOf,
} from '../testing/fixtures.ts';
import {
  buildTrainingGraph,
  initialVariables,
  lossAverageName,
  type TrainingGraph,
} from './training-graph.ts';

const fixture = loadTrainingFixture();
const { batch, learningRate, weightDecay } = fixture;
/** The required accuracy is 1e-4. The engine is more accurate (about 1e-5). */
const tolerance = 1e-4;

function imagesOf(step: number): Float32Tensor {
  const images = (fixture.imageSalts[step] ?? []).map((salt) => formulaTensor([3, 24, 24], salt, 1.5));
  return float32([batch, 3, 24, 24], Float32Array.from(images.flatMap(({ data }) => [...data])));
}

function feedsOf(step: number): Map<string, Tensor> {
  return new Map<string, Tensor>([
    ['images', imagesOf(step)],
    ['labels', { dtype: 'int32', shape: [batch], data: formulaLabels(batch, 11 + step) }],
  ]);
}

const parameterNames = ['conv1', 'conv2', 'local3', 'local4', 'softmax_linear'].flatMap((layer) => [
  `${layer}/weights`,
  `${layer}/biases`,
]);

/** Returns the values of the formula for every weight and bias. */
function formulaParameters(widths: TutorialWidths): ReadonlyMap<string, Float32Tensor> {
  const { variables } = buildEvaluationGraph(tutorialNetwork(10, widths), batch);
  return new Map(
    parameterNames.map((name, index) => {
      const { shape = [] } = variables.get(name) ?? {};
      return [name, formulaTensor(shape, 100 + index, formulaScale(name, shape))];
    }),
  );
}

/** Returns the logits, losses and gradients of the first batch. */
async function firstBatch(engine: Engine, widths: TutorialWidths): Promise<ReadonlyMap<string, Tensor>> {
  const builder = new GraphBuilder('gradients');
  const images = builder.input('images', { dtype: 'float32', shape: [batch, 3, 24, 24] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [batch] });
  const model = tutorialNetwork(10, widths).build(builder, images, { training: false });
  const { terms, total } = loss(builder, model, labels, { weightDecay });
  const variables = model.parameters.map(({ variable }) => variable);
  builder.output('logits', model.logits);
  for (const { name, value } of [...terms, total]) builder.output(name, value);
  gradients(builder, total.value, variables).forEach((slope, index) => {
    builder.output(`gradients/${variables[index]?.name}`, slope);
  });
  const session = await engine.compile(builder.build());
  await session.write(formulaParameters(widths));
  const outputs = await session.step(feedsOf(0));
  await session.release();
  return outputs;
}

function graphOf(widths: TutorialWidths, changes: Partial<Hyperparameters> = {}): TrainingGraph {
  return buildTrainingGraph({
    network: tutorialNetwork(10, widths),
    batchSize: batch,
    hyperparameters: { ...tutorialHyperparameters, weightDecay, ...changes },
  });
}

/** Returns the variables after three steps, and the total loss of each step. */
async function threeSteps(engine: Engine, widths: TutorialWidths) {
  const training = graphOf(widths);
  const session = await engine.compile(training.graph);
  await session.write(initialVariables(training, 0, formulaParameters(widths)));
  const totals: number[] = [];
  for (let step = 0; step < fixture.narrow.totals.length; step++) {
    const feeds = feedsOf(step)
      .set('learning_rate', scalar(learningRate))
      .set(
        'moving_average_decay',
        scalar(movingAverageDecay(step + 1, tutorialHyperparameters.movingAverageDecay)),
      );
    totals.push(Number((await session.step(feeds)).get('total_loss')?.data[0]));
  }
  const variables = await session.read();
  await session.release();
  return { totals, variables };
}

function assertLosses(
  outputs: ReadonlyMap<string, Tensor>,
  expected: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const actual = Number(outputs.get(name)?.data[0]);
    const allowed = value === 0 ? 0 : tolerance * Math.abs(value);
    assert.ok(Math.abs(actual - value) <= allowed, `${name}: ${actual}, PyTorch ${value}`);
  }
}

type Results = ReadonlyMap<string, Tensor>;

for (const { title, missing, create } of float32Variants) {
  describe(`a training step of a narrow network on ${title} agrees with PyTorch in float64`, {
    skip: missing,
  }, () => {
    const { narrow } = fixture;
    let outputs: Results;
    let after: Awaited<ReturnType<typeof threeSteps>>;
    before(async () => {
      outputs = await firstBatch(create(2), narrow.widths);
      after = await threeSteps(create(2), narrow.widths);
    });

    test('logits', () => assertClose(outputs.get('logits'), tensorOf(narrow.logits), tolerance, 'logits'));
    test('every term of the loss', () => assertLosses(outputs, narrow.losses));
    test('the total loss of each step', () => {
      assert.ok(relativeDistance(after.totals, narrow.totals) <= tolerance, after.totals.join());
    });
    for (const parameter of parameterNames) {
      test(`${parameter}: gradient, value and moving average after three steps`, () => {
        const { gradients: slopes, variables, averages } = narrow;
        const [slope, variable, average] = [slopes[parameter], variables[parameter], averages[parameter]];
        assert.ok(slope && variable && average);
        assertClose(outputs.get(`gradients/${parameter}`), tensorOf(slope), tolerance, 'gradient');
        assertClose(after.variables.get(parameter), tensorOf(variable), tolerance, 'variable');
        assertClose(
          after.variables.get(averageName(parameter)),
          tensorOf(average),
          tolerance,
          'moving average',
        );
      });
    }
    test('the running average of every term of the loss', () => {
      for (const [term, expected] of Object.entries(narrow.lossAverages)) {
        const actual = Number(after.variables.get(lossAverageName(term))?.data[0]);
        assert.ok(
          Math.abs(actual - expected) <= tolerance * expected,
          `${term}: ${actual}, PyTorch ${expected}`,
        );
      }
    });
  });

  describe(`a training step of the tutorial network on ${title} agrees with PyTorch in float64`, {
    skip: missing,
  }, () => {
    const { full } = fixture;
    let outputs: Results;
    let after: Awaited<ReturnType<typeof threeSteps>>;
    before(async () => {
      outputs = await firstBatch(create(2), full.widths);
      after = await threeSteps(create(2), full.widths);
    });
    const start = formulaParameters(full.widths);
    const change = (name: string, from: string) => {
      const first = start.get(from);
      const now = after.variables.get(name);
      assert.ok(first && now);
      return float32(
        first.shape,
        first.data.map((value, i) => Number(now.data[i]) - value),
      );
    };

    test('logits', () => assertClose(outputs.get('logits'), tensorOf(full.logits), tolerance, 'logits'));
    test('every term of the loss', () => assertLosses(outputs, full.losses));
    test('the total loss of each step', () => {
      assert.ok(relativeDistance(after.totals, full.totals) <= tolerance, after.totals.join());
    });
    for (const parameter of parameterNames) {
      test(`${parameter}: gradient, value and moving average after three steps`, () => {
        assertSummary(outputs.get(`gradients/${parameter}`), full.gradients[parameter], 'gradient');
        assertSummary(change(parameter, parameter), full.variables[parameter], 'change of the variable');
        assertSummary(
          change(averageName(parameter), parameter),
          full.averages[parameter],
          'change of the moving average',
        );
      });
    }
  });
}

const projectionVectors = new Map<string, Float32Array>();

function projectionVector(length: number, k: number): Float32Array {
  const key = `${length} ${k}`;
  const known = projectionVectors.get(key) ?? formulaTensor([length], 900 + k, 1).data;
  projectionVectors.set(key, known);
  return known;
}

/** Asserts that a tensor has the norm and the projections of a summary. An error of norm e changes a projection by about
 * e · √(1/3), because the elements of the projection vectors are uniform in [-1, 1). The tolerance of the norm is therefore
 * suitable for projections, too. */
function assertSummary(actual: Tensor | undefined, expected: Summary | undefined, what: string): void {
  assert.ok(actual && expected);
  const values = Float64Array.from(actual.data, Number);
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  assert.ok(
    Math.abs(norm - expected.norm) <= tolerance * expected.norm,
    `norm of ${what}: ${norm}, PyTorch ${expected.norm}`,
  );
  expected.projections.forEach((projection, k) => {
    const along = projectionVector(values.length, k);
    const found = values.reduce((sum, value, i) => sum + value * (along[i] ?? 0), 0);
    const distance = Math.abs(found - projection);
    assert.ok(
      distance <= tolerance * expected.norm,
      `projection ${k} of ${what}: ${found}, PyTorch ${projection}`,
    );
  });
}

describe('the training graph', () => {
  const training = buildTrainingGraph({
    network: tutorialNetwork(10),
    batchSize: 128,
    hyperparameters: tutorialHyperparameters,
  });

  test('has the variables of the tutorial: ten, their moving averages, seven loss averages', () => {
    const terms = ['conv1', 'conv2', 'local3', 'local4', 'softmax_linear'].map(
      (layer) => `${layer}/weight_loss`,
    );
    const expected = [
      ...parameterNames,
      ...parameterNames.map(averageName),
      ...[...terms, 'cross_entropy', 'total_loss'].map(lossAverageName),
    ];
    assert.deepEqual([...training.graph.variables.keys()].sort(), expected.sort());
    assert.deepEqual([...training.graph.results.update.keys()].sort(), expected.sort());
  });

  test('has 1,068,298 parameters and 18,470,784 multiply-adds per image in the forward pass, and both depend on the widths of layers', () => {
    const parameters = (widths?: TutorialWidths) =>
      [...buildEvaluationGraph(tutorialNetwork(10, widths), 1).variables.values()].reduce(
        (sum, { shape }) => sum + sizeOf(shape),
        0,
      );
    const work = (widths?: TutorialWidths) =>
      multiplyAdds(buildEvaluationGraph(tutorialNetwork(10, widths), 1));
    assert.equal(parameters(), 1_068_298);
    assert.equal(work(), 18_470_784);
    const wider = { conv1: 64, conv2: 64, local3: 385, local4: 192 };
    assert.equal(parameters(wider), 1_068_298 + 2304 + 1 + 192);
    assert.equal(work(wider), 18_470_784 + 2304 + 192);
  });

  test('needs 13.48 GFLOP for a step with a batch of 128', () => {
    assert.equal(((2 * multiplyAdds(training.graph)) / 1e9).toFixed(2), '13.48');
  });

  test('starts from weights with the deviations of the tutorial, which are the same for the same seed', () => {
    const first = initialVariables(training, 0);
    const deviation = (name: string) => {
      const { data = new Float32Array() } = first.get(name) ?? {};
      return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    };
    const truncated = 0.8796; // the standard deviation of a standard normal distribution truncated at two deviations
    for (const [name, nominal] of [
      ['conv1/weights', 0.05],
      ['conv2/weights', 0.05],
      ['local3/weights', 0.04],
      ['local4/weights', 0.04],
      ['softmax_linear/weights', 1 / 192],
    ] as const) {
      assert.ok(Math.abs(deviation(name) / (truncated * nominal) - 1) < 0.03, `${name}: ${deviation(name)}`);
    }
    assert.deepEqual(first.get('conv1/biases')?.data, new Float32Array(64));
    assert.deepEqual(first.get('local4/biases')?.data, new Float32Array(192).fill(0.1));
    assert.deepEqual(first.get(averageName('conv1/weights'))?.data, first.get('conv1/weights')?.data);
    assert.deepEqual(
      initialVariables(training, 0).get('conv2/weights')?.data,
      first.get('conv2/weights')?.data,
    );
    assert.notDeepEqual(
      initialVariables(training, 1).get('conv2/weights')?.data,
      first.get('conv2/weights')?.data,
    );
  });
});

for (const { title, missing, create } of float32Variants)
  test(`clipping scales all gradients together to the norm, and does not change shorter ones: ${title}`, {
    skip: missing,
  }, async () => {
    const widths = fixture.narrow.widths;
    const updateWith = async (clipNorm: number) => {
      const training = graphOf(widths, { clipNorm });
      const session = await create(2).compile(training.graph);
      const start = formulaParameters(widths);
      await session.write(initialVariables(training, 0, start));
      await session.step(feedsOf(0).set('learning_rate', scalar(1)).set('moving_average_decay', scalar(0)));
      const now = await session.read();
      await session.release();
      return parameterNames.flatMap((name) =>
        [...(start.get(name)?.data ?? [])].map((value, i) => value - Number(now.get(name)?.data[i])),
      );
    };
    const norm = (values: readonly number[]) =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const free = await updateWith(0);
    const clipped = await updateWith(0.5);
    const length = norm(free);
    assert.ok(length > 0.6, `${length}`);
    assert.ok(Math.abs(norm(clipped) - 0.5) < 1e-4, `${norm(clipped)}`);
    assert.ok(
      relativeDistance(
        clipped,
        free.map((value) => (value * 0.5) / length),
      ) < 1e-4,
    );
    assert.ok(relativeDistance(await updateWith(length * 2), free) < 1e-6);
  });

test('the input makes images of the size that the network takes', () => {
  assert.equal(sizeOf(tutorialNetwork(10).imageShape), 1728);
});

test('no image of the fixtures is so close to a kink or a tie that rounding to float32 could cross it', () => {
  assert.ok(fixture.smallestMargin >= 1e-5, `${fixture.smallestMargin}`);
});

test('the formula of the fixtures gives the same bits here as in Python', () => {
  assert.deepEqual([...formulaTensor([8], 3, 2.5).data, ...formulaLabels(8, 5)], fixture.formula);
});
