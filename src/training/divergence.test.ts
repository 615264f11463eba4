import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session, Tensors } from '../engine/engine.ts';
import { newBuffers } from '../input/batch.ts';
import { float32 } from '../tensor/tensor.ts';
import { noiseExamples } from '../testing/examples.ts';
import { requireFinite } from './divergence.ts';
import type { StepReport } from './train.ts';

const nothing: Tensors = new Map();

/** A session after a step that broke one variable and its average. */
const session: Session = {
  write: async () => undefined,
  step: async () => nothing,
  read: async () =>
    new Map([
      ['conv1/weights', float32([2], [1, 2])],
      ['local3/biases', float32([2], [1, Number.NaN])],
      ['local3/biases/ExponentialMovingAverage', float32([1], [Number.POSITIVE_INFINITY])],
    ]),
  release: async () => undefined,
};

const batch = { ...newBuffers(2), examples: Uint32Array.of(7, 3), step: 12, count: 2 };

function check(totalLoss: number, ...saved: [before: number, last: number]): Promise<void> {
  const losses = new Map([
    ['cross_entropy', totalLoss],
    ['total_loss', totalLoss],
  ]);
  const report: StepReport = {
    kind: 'step',
    step: 12,
    totalLoss,
    losses,
    learningRate: 0.1,
    waitedMillis: 0,
  };
  return requireFinite(report, noiseExamples(10), batch, session, saved);
}

test('a finite loss goes on', () => check(4.67, -1, 0));

test('a loss that is infinite or not a number ends the training', async () => {
  for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await assert.rejects(check(loss, -1, 0), {
      name: 'RunError',
      message: new RegExp(`^Model diverged with loss = ${loss} at step 12, learning rate 0\\.1\\.`),
    });
  }
});

test('it is told which term, which variables, which examples, and where the last checkpoint is', async () => {
  await assert.rejects(check(Number.NaN, 5, 10), {
    message: new RegExp(
      [
        'loss: cross_entropy NaN, total_loss NaN',
        'not finite after this step: local3/biases',
        'examples of the batch: noise\\.bin:7 noise\\.bin:3',
        '.*model\\.ckpt-10\\.safetensors.*',
      ].join('\n *'),
    ),
  });
  await assert.rejects(check(Number.NaN, -1, -1), { message: /There is no checkpoint from before\./ });
});

test('a checkpoint of the very step is not called good, for its weights gave the loss', async () => {
  const message =
    /The last good checkpoint is model\.ckpt-11\.safetensors; .* remove model\.ckpt-12\.safetensors/;
  await assert.rejects(check(Number.NaN, 11, 12), { message });
});
