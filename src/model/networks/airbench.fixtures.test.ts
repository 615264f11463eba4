import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensors } from '../../engine/engine.ts';
import { winogradHere } from '../../engine/onednn/onednn-engine.ts';
import { neverWinograd } from '../../engine/onednn/winograd-rule.ts';
import { normalizations } from '../../input/normalization.ts';
import { reflectedImage } from '../../input/reflect.ts';
import { testTimeChoices, testTimeViews, writeView } from '../../input/test-time.ts';
import { lookAheadName } from '../../optimizer/look-ahead.ts';
import { momentumSlot } from '../../optimizer/momentum.ts';
import { airbench } from '../../recipe/recipes/airbench.ts';
import {
  type Float32Tensor,
  float32,
  float32Data,
  scalar,
  sizeOf,
  type Tensor,
} from '../../tensor/tensor.ts';
import { engines } from '../../testing/engines.ts';
import {
  correlatedImages,
  formulaBytes,
  formulaLabels,
  formulaTensor,
  loadAirbenchFixture,
  projectionsOf,
  type Summary,
} from '../../testing/fixtures.ts';
import {
  buildTrainingGraph,
  gradientTag,
  initialVariables,
  stepScalars,
} from '../../training/training-graph.ts';
import { diracThen } from '../initializers.ts';
import { makeNetwork } from '../networks.ts';
import { symmetricEigen } from '../symmetric-eigen.ts';
import { patchCovariance, whiteningInit } from '../whitening.ts';

const { batch, steps, biasSteps, whitening, training, augmentation, testTime } = loadAirbenchFixture();

test('the whitening filters agree with PyTorch to 1e-6', () => {
  const images = correlatedImages(64, 7);
  const shape = [24, 3, 2, 2];
  const pairs = symmetricEigen(patchCovariance(images, shape), 12);
  for (const [index, value] of whitening.eigenvalues.entries())
    assert.ok(Math.abs((pairs[index]?.value ?? Number.NaN) - value) < 1e-9);
  const filters = whiteningInit({ images: 5000, epsilon: 5e-4 })(shape, 0, 0, () => images).data;
  for (const [index, value] of whitening.filters.entries())
    assert.ok(
      Math.abs((filters[index] ?? Number.NaN) - value) < 1e-6 * Math.max(1, Math.abs(value)),
      `${index}`,
    );
});

test('whitening needs images', () => {
  assert.throws(() => initialVariables(trainingGraph().training, 0), {
    name: 'UsageError',
    message: /needs some; pass `sampleImages/,
  });
});

for (const { name, skip, create } of engines)
  test(`${steps} steps of airbench on ${name} agree with PyTorch in float64`, { skip }, async () => {
    const graph = trainingGraph();
    const session = await create(1).compile(graph.training.graph);
    try {
      const start = startOf(graph.training);
      await session.write(start);
      for (const [step, loss] of training.losses.entries()) {
        const found = await session.step(feedsOf(graph.recipe, step), { watch: step === 0 });
        assertNear(`loss of step ${step}`, Number(found.get('cross_entropy')?.data[0]), loss);
        if (step === 0) assertFirstStep(start, found, await session.read(), slackOf(name));
      }
      const after = await session.read();
      for (const [variable, expected] of Object.entries(training.variables)) {
        assertSummary(variable, valuesOf(after, variable), expected);
        if (variable !== 'whiten/weights')
          assertSummary(lookAheadName(variable), valuesOf(after, lookAheadName(variable)), expected);
      }
    } finally {
      await session.release();
    }
  });

/** Returns the graph of the recipe for smaller batches. */
function trainingGraph() {
  const examples = (biasSteps * batch) / 3;
  const network = makeNetwork('airbench', 10, { width: 0.25 });
  const { groups, ...sized } = airbench(batch);
  const hyperparameters = { ...sized.hyperparameters, decaySteps: steps };
  const recipe = { network, batchSize: batch, hyperparameters, groups };
  return { recipe: { ...recipe, examples }, training: buildTrainingGraph(recipe) };
}

function startOf(built: ReturnType<typeof buildTrainingGraph>): ReadonlyMap<string, Float32Tensor> {
  const start = new Map(initialVariables(built, 0, undefined, () => correlatedImages(64, 7)));
  for (const [index, { variable }] of built.parameters.entries()) {
    const { name, shape } = variable;
    const fanIn = shape.length === 4 ? sizeOf(shape.slice(1)) : (shape[0] ?? 1);
    const values = formulaTensor(shape, 100 + index, name.endsWith('weights') ? fanIn ** -0.5 : 0.1);
    const given = shape.length === 4 ? diracThen(() => values)(shape, 0, 0) : values;
    for (const copy of [name, lookAheadName(name)]) start.set(copy, given);
  }
  return start;
}

function feedsOf(
  { examples, ...recipe }: ReturnType<typeof trainingGraph>['recipe'],
  step: number,
): Map<string, Tensor> {
  const labels = formulaLabels(batch, 50 + step);
  const { data, shape } = correlatedImages(batch, 1000 + step);
  const patterns = Array.from({ length: 10 }, (_, label) => formulaTensor([3, 32, 32], 500 + label, 1).data);
  const images = data.map(
    (value, i) => value + (patterns[labels[Math.floor(i / 3072)] ?? 0]?.[i % 3072] ?? 0),
  );
  const scalars = [...stepScalars(step, examples, recipe)].map(
    ([name, value]) => [name, scalar(value)] as const,
  );
  return new Map<string, Tensor>([
    ['images', float32(shape, images)],
    ['labels', { dtype: 'int32', shape: [batch], data: labels }],
    ...scalars,
  ]);
}

/** Where oneDNN uses Winograd's algorithm, it rounds to a few 1e-6. A pool whose two largest cells are equal except for that may pass
 * its gradient to the other one. In PyTorch, float32 agrees with float64 to 1e-6. */
const slackOf = (engine: string) => (engine === 'onednn' && winogradHere() !== neverWinograd ? 2e-4 : 0);

/** Asserts gradients, momenta and updates. An update is a difference of rounded weights, so its error is at least their rounding. */
function assertFirstStep(start: Tensors, outputs: Tensors, after: Tensors, slack: number): void {
  for (const [name, expected] of Object.entries(training.gradients))
    assertSummary(
      `gradient of ${name}`,
      valuesOf(outputs, gradientTag(name)),
      expected,
      slack * expected.norm,
    );
  for (const [name, expected] of Object.entries(training.momenta))
    assertSummary(
      `momentum of ${name}`,
      valuesOf(after, `${name}/${momentumSlot}`),
      expected,
      slack * expected.norm,
    );
  for (const [name, expected] of Object.entries(training.updates)) {
    const before = valuesOf(start, name);
    const rounding = 2 ** -24 * Math.hypot(...[...before].slice(0, 100_000)) * 2;
    assertSummary(
      `update of ${name}`,
      valuesOf(after, name).map((value, i) => value - (before[i] ?? 0)),
      expected,
      rounding + slack * expected.norm,
    );
  }
}

test('augmented images agree with PyTorch, index by index and epoch by epoch', () => {
  const shape = [3, 32, 32] as const;
  const statistics = { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] };
  const make = reflectedImage({ record: shape, image: shape }, normalizations.dataset.create(statistics));
  const { flips, shifts, images } = augmentation;
  const pictures = formulaBytes(flips.length * 3072, 3);
  for (const [epoch, ofEpoch] of images.entries())
    for (const [index, expected] of ofEpoch.entries()) {
      // The original shifts the flipped picture; here, the shifted picture is flipped.
      const [row = 0, right = 0] = shifts[epoch]?.[index] ?? [];
      const isFlipped = flips[index] === true;
      const image = new Float32Array(3072);
      const flipped = isFlipped !== (epoch % 2 === 1);
      make(image, pictures.subarray(index * 3072, (index + 1) * 3072), {
        row,
        column: isFlipped ? -right : right,
        flipped,
      });
      assertSummary(`picture ${index} in epoch ${epoch}`, Float64Array.from(image), expected);
    }
});

test('averages over the views of an image agree with PyTorch', () => {
  const { data: image } = correlatedImages(1, 77);
  for (const name of testTimeChoices) {
    const outputs = testTimeViews[name].map((view) => {
      const seen = writeView(image, new Float32Array(image.length), [3, 32, 32], view);
      return projectionsOf(seen).map((output) => view.weight * output);
    });
    for (const [k, expected] of (testTime[name] ?? [Number.NaN]).entries())
      assertNear(
        `output ${k} of ${name}`,
        outputs.reduce((sum, output) => sum + (output[k] ?? 0), 0),
        expected,
      );
    assert.equal(
      testTimeViews[name].reduce((sum, { weight }) => sum + weight, 0),
      1,
    );
  }
});

function valuesOf(tensors: Tensors, name: string): Float64Array {
  const tensor = tensors.get(name);
  assert.ok(tensor, name);
  return Float64Array.from(float32Data(tensor));
}

/** Asserts a norm and projections to 1e-4 of the norm. The vectors of the projections have entries within ±1. */
function assertSummary(
  what: string,
  values: Float64Array,
  { norm, projections }: Summary,
  rounding = 0,
): void {
  const bound = 1e-4 * norm + rounding + 1e-9;
  const found = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  assert.ok(Math.abs(found - norm) <= bound, `norm of ${what}: ${found}, PyTorch ${norm}`);
  for (const [k, projection] of projectionsOf(values).entries()) {
    const expected = projections[k] ?? Number.NaN;
    assert.ok(
      Math.abs(projection - expected) <= bound,
      `projection ${k} of ${what}: ${projection}, PyTorch ${expected}`,
    );
  }
}

function assertNear(what: string, found: number, expected: number): void {
  assert.ok(
    Math.abs(found - expected) <= 1e-4 * Math.max(1, Math.abs(expected)),
    `${what}: ${found}, PyTorch ${expected}`,
  );
}
