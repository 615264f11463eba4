import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { datasets } from '../data/datasets.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';
import { givenBy } from './recipe-source.ts';
import { planSweep } from './sweep-request.ts';
import { resolveRequest, type TrainingRequest } from './training-request.ts';

/** The learning rate and the warm-up that a request results in. CIFAR-10 has 50,000 training images. */
function rates(request: Partial<TrainingRequest>, stored?: ReturnType<typeof storedRun>) {
  const complete = { trainDir: 'run', dataDir: 'data', scaleLearningRate: 'linear', ...request } as const;
  const given = request.recipe === undefined ? undefined : givenBy(request.recipe as string);
  const { dataset = stored === undefined ? 'cifar10' : 'synthetic' } = request;
  const { definition, scaledFrom } = resolveRequest(complete, given, stored, datasets[dataset]);
  const { learningRate, warmupSteps } = definition.hyperparameters;
  return { learningRate, warmupSteps, from: scaledFrom };
}

/** The checkpoint of a run with the tutorial's recipe, or with another one of that name, on 9,000 images. */
function storedRun(batchSize: number, learningRate: number, recipe = 'tutorial') {
  const { metadata } = sampleCheckpoint(300);
  const hyperparameters = { ...metadata.hyperparameters, learningRate, warmupSteps: 176 };
  const network = { name: 'cifar10', configuration: {} };
  return { ...metadata, network, recipe, batchSize, hyperparameters };
}

describe('a scaled learning rate', () => {
  const tutorial = { batchSize: 128, learningRate: 0.1 };

  test('is that of the recipe, which the request may change, times the factor of the batch size', () => {
    assert.deepEqual(rates({ batchSize: 256 }), { learningRate: 0.2, warmupSteps: 977, from: tutorial });
    assert.deepEqual(rates({ batchSize: 256, hyperparameters: { learningRate: 0.03 } }), {
      ...{ learningRate: 0.06, warmupSteps: 977 },
      from: { batchSize: 128, learningRate: 0.03 },
    });
    const recipe = { batchSize: 64, hyperparameters: { learningRate: 0.4 } };
    assert.deepEqual(rates({ recipe, batchSize: 32 }), {
      ...{ learningRate: 0.2, warmupSteps: 0 },
      from: { batchSize: 64, learningRate: 0.4 },
    });
    assert.deepEqual(rates({ recipe }), {
      ...{ learningRate: 0.4, warmupSteps: 0 },
      from: { batchSize: 64, learningRate: 0.4 },
    });
    const none = { learningRate: 0.1, warmupSteps: 0, from: undefined };
    for (const scaleLearningRate of ['none', undefined] as const)
      assert.deepEqual(rates({ batchSize: 256, scaleLearningRate }), none);
  });

  test('has the warm-up that the request asks for, and epochs of the images that are not held out', () => {
    for (const warmupSteps of [0, 10])
      assert.equal(rates({ batchSize: 256, hyperparameters: { warmupSteps } }).warmupSteps, warmupSteps);
    assert.equal(rates({ batchSize: 250, holdout: 0.1 }).warmupSteps, 900);
    assert.equal(rates({ batchSize: 500, dataset: 'synthetic' }).warmupSteps, 100);
  });

  test('is the same again if the same request resumes the run, and only then may be requested', () => {
    const again = { learningRate: 0.2, warmupSteps: 176, from: tutorial };
    assert.deepEqual(rates({ batchSize: 256 }, storedRun(256, 0.2)), again);
    assert.deepEqual(rates({}, storedRun(256, 0.2)), again);
    assert.deepEqual(rates({ recipe: 'tutorial', batchSize: 256 }, storedRun(256, 0.2)), again);
    const other = { hyperparameters: { learningRate: 0.03 } };
    assert.equal(rates(other, storedRun(256, 0.06)).learningRate, 0.06);
    assert.equal(rates({ scaleLearningRate: 'none' }, storedRun(256, 0.2)).learningRate, 0.2);
    assert.throws(() => rates({ batchSize: 256 }, storedRun(256, 0.1)), {
      name: 'RunError',
      message:
        'this run has the learning rate 0.1, and not 0.2, which is that of the recipe tutorial, 0.1 for batches of 128, scaled ' +
        'to 256. A resumed run keeps its learning rate; leave out `scaleLearningRate`, or change the rate with `learningRate`',
    });
    assert.equal(
      rates({ batchSize: 512 }, storedRun(256, 0.2)).learningRate,
      0.2,
      'the batch size is refused, and not the rate',
    );
    assert.throws(() => rates({}, storedRun(256, 0.1, 'mine')), {
      name: 'RunError',
      message: /needs the recipe that the run started with.*or add `recipe`$/,
    });
  });

  test('is scaled at both ends of `triangular` if a request resumes the run', () => {
    const hyperparameters = { learningRate: 1.5, startLearningRate: 0.3, endLearningRate: 0.1 };
    const stored = storedRun(256, 3);
    const request = {
      trainDir: 'run',
      dataDir: 'data',
      scaleLearningRate: 'linear',
      hyperparameters,
    } as const;
    const { definition } = resolveRequest(request, undefined, stored, datasets['synthetic']);
    const { learningRate, startLearningRate, endLearningRate } = definition.hyperparameters;
    assert.deepEqual([learningRate, startLearningRate, endLearningRate], [3, 0.6, 0.2]);
  });

  test('of a recipe whose rates follow the batch size is not scaled, and the same request resumes it', () => {
    for (const [recipe, batchSize, learningRate, request] of [
      // `fast` fits 10,000 images with batches of 256.
      ['fast', 256, 0.24, {}],
      ['fast', 32, 0.24, { batchSize: 32 }],
      ['airbench-muon', 512, 0.24, { batchSize: 512 }],
      ['airbench', 512, 0.75, { batchSize: 512 }],
    ] as const) {
      const dataset = 'synthetic';
      const found = rates({ ...request, recipe, dataset });
      const from = { batchSize, learningRate };
      assert.deepEqual(found, { learningRate, warmupSteps: 0, from });
      const stored = { ...storedRun(batchSize, learningRate, recipe) };
      assert.deepEqual(rates(request, stored), { learningRate, warmupSteps: 176, from });
    }
  });

  test('of each run in a sweep depends on the batch size of the run', async () => {
    const runs = await planSweep({
      ...{ sweepDir: 'sweep', dataDir: 'data', dataset: 'synthetic', scaleLearningRate: 'linear' },
      vary: { batchSize: [128, 250], learningRate: [0.1, 0.05] },
    });
    assert.deepEqual(
      runs.map(({ hyperparameters: { learningRate, warmupSteps } }) => [learningRate, warmupSteps]),
      [
        [0.1, 0],
        [0.05, 0],
        [0.1953125, 180],
        [0.09765625, 180],
      ],
    );
    const [unscaled] = await planSweep({
      ...{ sweepDir: 'sweep', dataDir: 'data', dataset: 'synthetic' },
      vary: { batchSize: [250], learningRate: [0.1953125], warmupSteps: [180] },
    });
    assert.equal(runs[2]?.identity, unscaled?.identity, 'the same run');
  });
});

describe('a run with a scaled learning rate', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-scaling-'));
  before(() => copySynthetic(join(folder, 'data')));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const at = (name: string) => join(folder, name);
  const train = (name: string, ...words: string[]) =>
    cifar10([
      ...['train', '--train-dir', at(name), '--data-dir', at('data'), '--summary-steps', '0'],
      ...['--engine', 'onnx', '--json', ...words],
    ]);
  const command = ['--dataset', 'synthetic', ...smallNetwork, '--batch-size', '8'];
  const linear = ['--learning-rate', '0.8', '--scale-learning-rate', 'linear', '--warmup-steps', '2'];
  const startOf = ({ output }: { readonly output: string }) => {
    const line = output.split('\n').find((one) => one.includes('"kind":"start"')) ?? '{}';
    const { learningRate, warmupSteps, scaledFrom } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return { learningRate, warmupSteps, scaledFrom };
  };
  const bytesOf = (name: string, step: number) =>
    readFileSync(join(at(name), `model.ckpt-${step}.safetensors`));

  test('keeps the rate in its checkpoints and recipe.toml, so that it is scaled once', async () => {
    const scaled = { learningRate: 0.05, warmupSteps: 2, scaledFrom: { batchSize: 128, learningRate: 0.8 } };
    assert.deepEqual(startOf(await train('a', ...command, ...linear, '--max-steps', '2')), scaled);
    assert.deepEqual(startOf(await train('a', ...command, ...linear, '--max-steps', '4')), scaled);
    assert.deepEqual(startOf(await train('a', '--max-steps', '5')), { ...scaled, scaledFrom: null });
    assert.match(readFileSync(join(at('a'), 'recipe.toml'), 'utf8'), /^learning_rate = 0\.05$/m);
    const { metadata } = await readCheckpoint(join(at('a'), 'model.ckpt-5.safetensors'));
    assert.deepEqual([metadata.hyperparameters.learningRate, metadata.history], [0.05, []]);

    const again = ['--recipe', join(at('a'), 'recipe.toml'), '--scale-learning-rate', 'linear'];
    const unchanged = { batchSize: 8, learningRate: 0.05 };
    assert.deepEqual(startOf(await train('b', ...again)), { ...scaled, scaledFrom: unchanged });
    assert.deepEqual(bytesOf('b', 5), bytesOf('a', 5));
  });

  test('says so in its first line', async () => {
    const first = async (...words: string[]) =>
      (await train('line', ...command, ...words, '--max-steps', '1', '--restart', '--no-json')).output
        .split('\n')
        .find((line) => line.startsWith('Training'));
    assert.match(
      (await first(...linear)) ?? '',
      /, 8 per step, learning rate 0\.05 \(0\.8 for 128 per step, scaled linearly; 2 steps of warm-up\), seed 0, /,
    );
    assert.match(
      (await first('--batch-size', '128', '--scale-learning-rate', 'linear')) ?? '',
      /, 128 per step, learning rate 0\.1 \(not scaled, because the recipe has this batch size\), seed 0, /,
    );
    assert.match((await first()) ?? '', /, 8 per step, seed 0, /);
  });

  test('warns if it ends before the rate is reached', async () => {
    const { errors } = await train(
      ...(['short', ...command, '--batch-size', '200', '--scale-learning-rate', 'linear'] as const),
      ...['--max-steps', '1'],
    );
    assert.match(
      errors,
      /the warm-up to the scaled learning rate 0\.15625 takes 250 steps, and the run has 1; train longer, or add --warmup-steps /,
    );
  });

  test('is not a search for a learning rate, and no recipe file', async () => {
    const { code, errors } = await cifar10(['train', '--find-learning-rate', ...linear.slice(2)]);
    assert.equal(code, 2);
    assert.match(errors, /--scale-learning-rate linear cannot be combined with --find-learning-rate/);
  });
});
