import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Session, Tensors } from '../engine/engine.ts';
import type { Variable } from '../graph/graph.ts';
import { permutation } from '../input/order.ts';
import { float32 } from '../tensor/tensor.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { type LastSaved, requireFinite, requireFiniteVariables } from './divergence.ts';
import type { StepReport } from './train-step.ts';

const nothing: Tensors = new Map();
const variable = (name: string, role: Variable['role']): [string, Variable] => [
  name,
  { name, role, dtype: 'float32', shape: [2] },
];
const variables = new Map([
  variable('conv1/weights', 'parameter'),
  variable('local3/biases', 'parameter'),
  variable('local3/biases/ExponentialMovingAverage', 'average'),
]);

/** Makes a session after a step that made one variable and its average infinite or NaN. */
const session = (biases: number): Session => ({
  write: async () => undefined,
  step: async () => nothing,
  read: async () =>
    new Map([
      ['conv1/weights', float32([2], [1, 2])],
      ['local3/biases', float32([2], [1, biases])],
      ['local3/biases/ExponentialMovingAverage', float32([1], [Number.POSITIVE_INFINITY])],
    ]),
  recover: assert.fail,
  profile: async () => [],
  placement: async () => [],
  release: async () => undefined,
});

const noise = { examples: noiseExamples(10), seed: 4, batchSize: 3 };
const saved = (globalStep: number) => ({ globalStep, path: `runs/a/model.ckpt-${globalStep}.safetensors` });

const check = (totalLoss: number, last: LastSaved | undefined = saved(10), biases = Number.NaN) =>
  inTemporaryFolder(async (dir) => {
    const report: StepReport = {
      ...{
        kind: 'step',
        ...{ lossScale: undefined, isSkipped: false, skippedSteps: 0 },
        step: 12,
        totalLoss,
        learningRate: 0.1,
        correct: 0,
        waitedMillis: 0,
        stepMillis: 1,
      },
      towerLosses: [],
      losses: new Map([
        ['cross_entropy', 1 / 3],
        ['total_loss', totalLoss],
      ]),
    };
    const run = { variables, run: noise, session: session(biases), dir, saved: last };
    try {
      await requireFinite(report, run);
    } catch (error) {
      const listed = readFileSync(join(dir, 'diverged-batch-12.txt'), 'utf8');
      // Rows 36 to 38 of the run are in the fourth epoch.
      const keys = [...permutation(4, 3, 10)].slice(6, 9).map((example) => `noise.bin:${example}\n`);
      assert.equal(listed, keys.join(''));
      throw error;
    }
  });

test('training continues if the loss is finite', () => check(4.67));

test('a loss that is infinite or not a number ends the run, with the cause and advice first, in a few lines', async () => {
  for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await assert.rejects(check(loss), ({ message }: Error) => {
      const lines = message.split('\n');
      assert.equal(lines[0], `Model diverged: the loss is ${loss} at step 12, learning rate 0.1.`);
      assert.match(
        lines[1] ?? '',
        /^ {2}A smaller `learningRate`, or `clipNorm: 5`, may help\. The last good/,
      );
      assert.match(
        lines[2] ?? '',
        /^ {2}Terms of the loss: cross_entropy 0\.333333, total_loss (NaN|-?Infinity)$/,
      );
      assert.equal(
        lines[3],
        '  Variables that are no longer finite, because their gradients were not: local3/biases',
      );
      assert.match(lines[4] ?? '', /^ {2}The 3 images of the batch are listed in .*diverged-batch-12\.txt$/);
      assert.equal(lines.length, 5);
      return true;
    });
  }
});

test('the message explains if all variables are still finite', () =>
  assert.rejects(check(Number.NaN, saved(10), 1), {
    message: /All variables are still finite: the loss overflowed/,
  }));

test('the message contains the checkpoint to resume from', async () => {
  await assert.rejects(check(Number.NaN, saved(10)), {
    message: /The last good checkpoint is runs\/a\/model\.ckpt-10\.safetensors\./,
  });
  await assert.rejects(check(Number.NaN, saved(12)), {
    message: /The checkpoint runs\/a\/model\.ckpt-12\.safetensors itself produces this loss; remove it/,
  });
});

test('variables that are not finite are not saved', () => {
  const broken = new Map([['conv1/weights', float32([2], [1, Number.NaN])]]);
  assert.throws(() => requireFiniteVariables(broken, variables, 20, saved(10)), {
    name: 'RunError',
    message:
      /^Model diverged after 20 steps\.\n.*model\.ckpt-10\.safetensors\.\n.*gradients were not: conv1\/weights$/,
  });
  assert.throws(() => requireFiniteVariables(broken, variables, 0, undefined), {
    message: /Nothing was saved\./,
  });
  requireFiniteVariables(new Map([['conv1/weights', float32([2], [1, 2])]]), variables, 20, saved(10));
});
