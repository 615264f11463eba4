/** `train` and `evaluate`: promises over the generators of events. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { evaluate } from './evaluate.ts';
import { type TrainedStep, train } from './train.ts';

const folder = await mkdtemp(join(tmpdir(), 'cifar10-promises-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');
await copySynthetic(dataDir);

/** Trains a small network in a folder of this name. */
const request = (name: string, maxSteps: number) => ({
  ...({ trainDir: join(folder, name), dataDir, dataset: 'synthetic', network: fewUnits } as const),
  ...{ batchSize: 8, maxSteps, summarySteps: 0, hyperparameters: { clipNorm: 5 } },
});
const checkpointsIn = (name: string) =>
  readdirSync(join(folder, name)).filter((file) => file.startsWith('model.ckpt'));

describe('train', () => {
  test('calls onStep with every step and waits for it, and resolves with the last checkpoint', async () => {
    const steps: TrainedStep[] = [];
    const kinds = new Set<string>();
    let isBusy = false;
    const result = await train(request('whole', 3), {
      onStep: async (step) => {
        assert.ok(!isBusy, 'the previous call has ended');
        isBusy = true;
        await sleep(5);
        isBusy = false;
        steps.push(step);
      },
      onEvent: ({ kind }) => kinds.add(kind),
    });
    assert.deepEqual(
      steps.map(({ step }) => step),
      [0, 1, 2],
    );
    for (const { loss, learningRate, examplesPerSecond } of steps)
      assert.ok(loss > 0 && learningRate === 0.1 && examplesPerSecond > 1 && examplesPerSecond < 1e6);
    const checkpoint = join(folder, 'whole', 'model.ckpt-3.safetensors');
    const { loss } = steps[2] ?? {};
    assert.deepEqual(result, {
      ...{ checkpoint, globalStep: 3, stopped: false, loss },
      ...{ validationPrecision: undefined, skippedSteps: 0, warnings: [] },
    });
    for (const kind of ['start', 'ready', 'step', 'checkpoint', 'end']) assert.ok(kinds.has(kind), kind);
  });

  test('needs the folder of a data set, and refuses before it writes anything', async () => {
    const { dataDir: _, ...rest } = request('nowhere', 3);
    await assert.rejects(train(rest), {
      code: 'CIFAR10_USAGE',
      message:
        /^dataDir: found undefined, expected the folder of the generated set .*; for your own pictures, add `data`$/,
    });
    assert.ok(!existsSync(join(folder, 'nowhere')));
  });

  test('resolves with the existing checkpoint when the run is already complete', async () => {
    const again = await train(request('whole', 3), { onStep: () => assert.fail('no step is left') });
    assert.equal(again.loss, undefined);
    assert.equal(again.globalStep, 3);
    assert.ok(existsSync(again.checkpoint));
  });

  test('saves and resolves when the signal is aborted; the same request then ends with the same bytes', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = await train(request('parts', 3), {
      signal,
      onStep: ({ step }) => (step === 1 ? controller.abort() : undefined),
    });
    assert.equal(stopped.stopped, true);
    assert.equal(stopped.globalStep, 2);
    assert.ok(existsSync(stopped.checkpoint), stopped.checkpoint);
    const { checkpoint } = await train(request('parts', 3));
    const whole = join(folder, 'whole', 'model.ckpt-3.safetensors');
    assert.ok(weightsIn(checkpoint).equals(weightsIn(whole)));
  });

  test('rejects when the signal is aborted before the first step', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(train(request('never', 3), { signal }), { name: 'StoppedError', code: 'ABORT_ERR' });
  });

  test('saves a checkpoint and rejects with the error of a callback', async () => {
    const problem = new TypeError('no');
    for (const [name, fail] of [
      ['throws', () => assert.fail(problem)],
      ['rejects', () => Promise.reject(problem)],
    ] as const) {
      const calls: number[] = [];
      const onStep = ({ step }: TrainedStep) => {
        calls.push(step);
        return step === 1 ? fail() : undefined;
      };
      await assert.rejects(train(request(name, 9), { onStep }), problem);
      assert.deepEqual(calls, [0, 1], 'it is not called again');
      assert.deepEqual(checkpointsIn(name).at(-1), 'model.ckpt-2.safetensors');
    }
  });

  test('rejects with the error of an event handler that fails before training', async () => {
    const problem = new Error('not now');
    const onEvent = () => {
      throw problem;
    };
    await assert.rejects(train(request('early', 3), { onEvent }), problem);
    // The folder is unlocked.
    assert.equal((await train(request('early', 1))).globalStep, 1);
  });

  test('rejects with the errors of the run', async () => {
    const other = { ...request('whole', 4), batchSize: 16 };
    await assert.rejects(train({ ...other, recipe: 'resnet20' }), { name: 'RunError' });
  });

  test('returns the precision on held-out images', async () => {
    const { validationPrecision } = await train({ ...request('held', 1), holdout: 0.01 });
    assert.ok(validationPrecision !== undefined && validationPrecision >= 0 && validationPrecision <= 1);
  });
});

/** Returns the tensors of a checkpoint, without the header. */
function weightsIn(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

describe('evaluate', () => {
  const scoring = { checkpointDir: join(folder, 'whole'), dataDir, numExamples: 100 };

  test('scores each image once, reports progress and resolves with the numbers', async () => {
    const progress: (readonly [number, number])[] = [];
    const result = await evaluate(
      { ...scoring, evalDir: join(folder, 'eval'), report: true, batchSize: 64 },
      { onProgress: (done, all) => progress.push([done, all]) },
    );
    assert.deepEqual(progress, [
      [64, 100],
      [100, 100],
    ]);
    const { total, correct, precision, confusion, reportFiles, classes } = result;
    assert.equal(total, 100);
    assert.equal(precision, correct / total);
    assert.equal(result.checkpoint, join(folder, 'whole', 'model.ckpt-3.safetensors'));
    assert.deepEqual([result.globalStep, result.weights, result.evalData], [3, 'ema', 'test']);
    assert.equal(
      confusion?.counts.flat().reduce((a, b) => a + b, 0),
      100,
    );
    assert.equal(classes.length, 10);
    assert.ok(reportFiles.length >= 3 && reportFiles.every(existsSync));
    const [line = ''] = readFileSync(join(folder, 'eval', 'evaluations.jsonl'), 'utf8').split('\n');
    assert.equal((JSON.parse(line) as { readonly precision: number }).precision, precision);
  });

  test('scores a checkpoint file, without a report unless it is requested', async () => {
    const checkpointDir = join(folder, 'whole', 'model.ckpt-0.safetensors');
    const result = await evaluate({
      ...scoring,
      checkpointDir,
      evalDir: join(folder, 'first'),
      weights: 'raw',
    });
    assert.deepEqual([result.globalStep, result.weights], [0, 'raw']);
    assert.deepEqual([result.confusion, result.reportFiles], [undefined, []]);
  });

  test('rejects when it is aborted, and records nothing', async () => {
    const evalDir = join(folder, 'aborted');
    const controller = new AbortController();
    const control = { signal: controller.signal, onProgress: () => controller.abort() };
    await assert.rejects(evaluate({ ...scoring, evalDir, batchSize: 10 }, control), { name: 'StoppedError' });
    assert.ok(
      !existsSync(join(evalDir, 'evaluations.jsonl')) ||
        readFileSync(join(evalDir, 'evaluations.jsonl')).length === 0,
    );
  });

  test('rejects with the error of a callback, and when no checkpoint is found', async () => {
    const problem = new Error('no');
    const onProgress = () => Promise.reject(problem);
    await assert.rejects(evaluate({ ...scoring, evalDir: join(folder, 'failed') }, { onProgress }), problem);
    const missing = { ...scoring, checkpointDir: join(folder, 'nowhere'), evalDir: join(folder, 'failed') };
    await assert.rejects(evaluate(missing), { name: 'RunError', code: 'CIFAR10_NO_CHECKPOINT' });
  });
});
