import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session, Tensors } from '../engine/engine.ts';
import { newBuffers } from '../input/batch.ts';
import { float32 } from '../tensor/tensor.ts';
import { noiseExamples } from '../testing/examples.ts';
import { type LastSaved, requireFinite, requireFiniteVariables } from './divergence.ts';
import type { StepReport } from './train-step.ts';

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

const saved = (globalStep: number) => ({ globalStep, path: `runs/a/model.ckpt-${globalStep}.safetensors` });

function check(totalLoss: number, last: LastSaved | undefined = saved(10)): Promise<void> {
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
  return requireFinite(report, noiseExamples(10), batch, session, last);
}

test('a finite loss goes on', () => check(4.67));

test('a loss that is infinite or not a number ends the training', async () => {
  for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await assert.rejects(check(loss), {
      name: 'RunError',
      message: new RegExp(`^Model diverged with loss = ${loss} at step 12, learning rate 0\\.1\\.`),
    });
  }
});

test('it is told which term, which variables and which examples', async () => {
  const lines = [
    'loss: cross_entropy NaN, total_loss NaN',
    'not finite after this step: local3/biases, and so their gradients',
    'examples of the batch: noise\\.bin:7 noise\\.bin:3\n',
  ];
  await assert.rejects(check(Number.NaN), { message: new RegExp(lines.join('\n *')) });
});

test('it is told from which checkpoint to go on', async () => {
  const cases = [
    [saved(10), /the last good checkpoint is runs\/a\/model\.ckpt-10\.safetensors\./],
    [
      saved(12),
      /The checkpoint it went on from, runs\/a\/model\.ckpt-12\.safetensors, gave this loss; remove it/,
    ],
  ] as const;
  for (const [last, message] of cases) await assert.rejects(check(Number.NaN, last), { message });
  assert.throws(() => requireFiniteVariables(new Map([['w', float32([1], [Number.NaN])]]), 0, undefined), {
    message: /Nothing was saved\./,
  });
});

test('variables that are not finite are not saved', () => {
  const broken = new Map([['conv1/weights', float32([2], [1, Number.NaN])]]);
  assert.throws(() => requireFiniteVariables(broken, 20, saved(10)), {
    name: 'RunError',
    message:
      /^Model diverged: not finite after 20 steps are conv1\/weights\.\n.*runs\/a\/model\.ckpt-10\.safetensors/,
  });
  requireFiniteVariables(new Map([['conv1/weights', float32([2], [1, 2])]]), 20, saved(10));
});
