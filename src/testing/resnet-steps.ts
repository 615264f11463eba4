/** Repeats the training steps of `test/fixtures/resnet_steps.py` on an engine. */
import assert from 'node:assert/strict';
import type { Engine } from '../engine/engine.ts';
import { makeNetwork } from '../model/networks.ts';
import { type Hyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, float32, type Shape, scalar, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { formulaLabels, formulaTensor, type ResnetFixture, type ResnetSteps } from './fixtures.ts';

/** Asserts that the losses, and the norms of parameters and running statistics, agree with PyTorch to 1e-4. For values above 1,
 * this is a relative tolerance. */
export async function assertResnetSteps(
  engine: Engine,
  { learningRate, momentum, weightDecay, labelSmoothing }: ResnetFixture,
  { batch, crossEntropies, totals, norms }: ResnetSteps,
): Promise<void> {
  const hyperparameters: Hyperparameters = {
    ...tutorialHyperparameters,
    ...{ optimizer: 'nesterov', momentum, weightDecay, labelSmoothing },
  };
  const training = buildTrainingGraph({
    network: makeNetwork('resnet', 10),
    batchSize: batch,
    hyperparameters,
  });
  const start = new Map(initialVariables(training, 0));
  training.parameters.forEach(({ variable: { name, shape } }, index) => {
    start.set(name, initial(name, shape, index));
  });
  const session = await engine.compile(training.graph);
  try {
    await session.write(start);
    for (const [step, total] of totals.entries()) {
      const feeds = batchOf(step, batch)
        .set('learning_rate', scalar(learningRate))
        .set('moving_average_decay', scalar(0));
      const found = await session.step(feeds);
      assertNear(`total loss of step ${step}`, Number(found.get('total_loss')?.data[0]), total);
      const entropy = Number(found.get('cross_entropy')?.data[0]);
      assertNear(`cross entropy of step ${step}`, entropy, crossEntropies[step] ?? Number.NaN);
    }
    const after = await session.read();
    for (const [name, norm] of Object.entries(norms)) {
      const values = Float64Array.from(after.get(name)?.data ?? [], Number);
      assertNear(`norm of ${name}`, Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)), norm);
    }
  } finally {
    await session.release();
  }
}

function assertNear(what: string, found: number, expected: number): void {
  const bound = 1e-4 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(found - expected) <= bound, `${what}: ${found}, PyTorch ${expected}`);
}

function initial(name: string, shape: Shape, index: number): Float32Tensor {
  const [first = 1, ...others] = shape;
  const fanIn = shape.length === 4 ? sizeOf(others) : first;
  const scale = name.endsWith('weights') ? Math.sqrt(6 / fanIn) : 0.1;
  const { data } = formulaTensor(shape, 100 + index, scale);
  return name.endsWith('gamma')
    ? float32(
        shape,
        data.map((value) => value + 1),
      )
    : float32(shape, data);
}

/** Makes a batch in which each image is the pattern of its class with noise. */
function batchOf(step: number, count: number): Map<string, Tensor> {
  const labels = formulaLabels(count, 50 + step);
  const noise = formulaTensor([count, 3, 32, 32], 1000 + step, 1).data;
  const patterns = Array.from({ length: 10 }, (_, label) => formulaTensor([3, 32, 32], 500 + label, 1).data);
  const images = noise.map(
    (value, index) => value + (patterns[labels[Math.floor(index / 3072)] ?? 0]?.[index % 3072] ?? 0),
  );
  return new Map<string, Tensor>([
    ['images', float32([count, 3, 32, 32], images)],
    ['labels', { dtype: 'int32', shape: [count], data: labels }],
  ]);
}
