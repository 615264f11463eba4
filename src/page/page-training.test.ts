/** Training in a page. onnxruntime-node stands in for onnxruntime-web, which has the same interface. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { decodeCheckpoint, readCheckpoint } from '../checkpoint/checkpoint.ts';
import { exportFormats } from '../export/formats.ts';
import { trainedNetwork } from '../export/trained-network.ts';
import type { RecipeOptions } from '../recipe/recipe.ts';
import { runEvaluation } from '../run/evaluation.ts';
import { runTraining } from '../run/training.ts';
import { noiseImage } from '../testing/examples.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { drawGeneratedSet, examplesOf, examplesOfPictures, type PageExamples } from './page-examples.ts';
import type { PageDevice } from './page-runtime.ts';
import { PageTraining } from './page-training.ts';

const device: PageDevice = { kind: 'cpu', threads: 1, library: 'onnxruntime-node' };
const folder = mkdtempSync(join(tmpdir(), 'cifar10-page-training-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');

const recipes: Readonly<Record<string, RecipeOptions>> = {
  tutorial: { network: fewUnits, batchSize: 16, hyperparameters: { clipNorm: 5 } },
  resnet: {
    network: 'resnet:depth=8',
    batchSize: 8,
    augmentation: 'pad_crop_flip',
    normalization: 'dataset',
    hyperparameters: { optimizer: 'momentum', learningRate: 0.05, movingAverageDecay: 0 },
  },
};

/** Trains in Node.js, and returns the losses. */
async function lossesInNode(name: string, options: RecipeOptions, maxSteps: number): Promise<number[]> {
  const losses: number[] = [];
  const { hyperparameters, ...others } = options;
  const places = { trainDir: join(folder, name), dataDir, dataset: 'synthetic', summarySteps: 0 } as const;
  const request = {
    ...places,
    ...others,
    ...(hyperparameters && { hyperparameters }),
    engine: 'onnx',
    maxSteps,
  };
  for await (const event of runTraining({ ...request, engine: 'onnx', seed: 3 }))
    if (event.kind === 'step') losses.push(event.totalLoss);
  return losses;
}

async function steps(training: PageTraining, count: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < count; step++) losses.push((await training.trainStep()).totalLoss);
  return losses;
}

function requireClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (const [index, value] of expected.entries())
    assert.ok(
      Math.abs((found[index] ?? Number.NaN) - value) <= tolerance,
      `${index}: ${found[index]}, ${value}`,
    );
}

describe('training in a page', () => {
  let examples: PageExamples;
  before(async () => {
    await copySynthetic(dataDir);
    examples = await drawGeneratedSet();
    // Scoring all pictures takes long.
    const { heldOut } = examples;
    examples = { ...examples, heldOut: { ...heldOut, count: 250 } };
  });

  test('refuses smaller images in the first steps', async () => {
    const options = { network: 'airbench:width=0.01', hyperparameters: { earlySize: 24, decaySteps: 4 } };
    await assert.rejects(PageTraining.create(ort, device, examples, options), {
      name: 'UsageError',
      message: /^`earlySize: 24`: all steps of a run in a page have images of the same size/,
    });
  });

  for (const [name, options] of Object.entries(recipes))
    test(`has the losses of Node.js, and its files are read and scored there: ${name}`, async () => {
      const expected = await lossesInNode(name, options, 10);
      const training = await PageTraining.create(ort, device, examples, { ...options, seed: 3 });
      requireClose(await steps(training, 10), expected, 1e-5);

      const file = await training.checkpoint();
      const checkpoint = decodeCheckpoint(file, 'page');
      const inNode = await readCheckpoint(join(folder, name, 'model.ckpt-10.safetensors'));
      assert.equal(checkpoint.metadata.dataset.checksum, inNode.metadata.dataset.checksum);
      assert.deepEqual(
        { ...checkpoint.metadata.dataset, origin: undefined },
        { ...inNode.metadata.dataset, origin: undefined },
      );
      assert.deepEqual([...checkpoint.tensors.keys()].sort(), [...inNode.tensors.keys()].sort());
      for (const [key, { data }] of inNode.tensors)
        requireClose([...(checkpoint.tensors.get(key)?.data ?? [])], [...data], 1e-4);

      const path = join(folder, `${name}-page`, 'model.ckpt-10.safetensors');
      const score = await training.evaluate();
      assert.equal(score.total, 250);
      assert.equal(
        score.confusion.flat().reduce((a, b) => a + b, 0),
        250,
      );
      mkdirSync(join(folder, `${name}-page`));
      writeFileSync(path, file);
      const evaluation = {
        ...({ checkpointDir: path, evalDir: join(folder, `${name}-eval`), dataDir, engine: 'onnx' } as const),
        ...{ numExamples: 250, runOnce: true },
      };
      const scored: number[] = [];
      for await (const event of runEvaluation(evaluation))
        if (event.kind === 'evaluation') scored.push(event.result.precision);
      assert.deepEqual(scored, [score.precision]);

      const trained = trainedNetwork({ path, checkpoint }, 'ema');
      const { files } = await exportFormats.onnx.make(trained, { names: 'cifar10' });
      const exported = await training.onnxFile();
      if (name === 'tutorial') assert.equal(Buffer.compare(exported, files.get('') ?? new Uint8Array()), 0);
      else assert.equal(exported.length, files.get('')?.length);
      await training.release();
    });

  test('continues from its checkpoint as if it had not stopped, and a machine continues from it', async () => {
    const options = { ...recipes['tutorial'], seed: 1 };
    const whole = await PageTraining.create(ort, device, examples, options);
    const expected = await steps(whole, 6);
    const first = await PageTraining.create(ort, device, examples, options);
    const losses = await steps(first, 3);
    const file = await first.checkpoint();
    const second = await PageTraining.resume(ort, device, examples, file);
    assert.equal(second.step, 3);
    losses.push(...(await steps(second, 3)));
    assert.deepEqual(losses, expected);

    const path = join(folder, 'continued.safetensors');
    writeFileSync(path, await second.checkpoint());
    const trainDir = join(folder, 'continued');
    const places = { trainDir, dataDir, dataset: 'synthetic', summarySteps: 0, engine: 'onnx' } as const;
    const kinds: string[] = [];
    for await (const { kind } of runTraining({
      ...places,
      ...recipes['tutorial'],
      initFrom: path,
      maxSteps: 1,
    }))
      kinds.push(kind);
    assert.equal(kinds.at(-1), 'end');
    await Promise.all([whole, first, second].map((training) => training.release()));
  });

  test('the learning rate can change while it trains, which the checkpoint records', async () => {
    const training = await PageTraining.create(ort, device, examples, recipes['tutorial']);
    const before = await training.trainStep();
    assert.equal(before.learningRate, 0.1);
    training.learningRate = 0.01;
    assert.equal((await training.trainStep()).learningRate, 0.01);
    const { metadata } = decodeCheckpoint(await training.checkpoint(), 'page');
    assert.deepEqual(metadata.history, ['step 1: learningRate: 0.1, now 0.01']);
    assert.equal(metadata.hyperparameters.learningRate, 0.01);
    assert.throws(() => {
      training.learningRate = 0;
    }, /learningRate: found 0/);
    await training.release();
  });

  test('a rate that changes during a step is recorded for the next one', async () => {
    const training = await PageTraining.create(ort, device, examples, recipes['tutorial']);
    const stepping = training.trainStep();
    training.learningRate = 0.01;
    assert.equal((await stepping).learningRate, 0.1);
    assert.equal((await training.trainStep()).learningRate, 0.01);
    const { metadata } = decodeCheckpoint(await training.checkpoint(), 'page');
    assert.deepEqual(metadata.history, ['step 1: learningRate: 0.1, now 0.01']);
    await training.release();
  });

  test('a look has the score, the filters and the checkpoint of one step', async () => {
    const training = await PageTraining.create(ort, device, examples, recipes['tutorial']);
    await steps(training, 2);
    const { step, score, filters, checkpoint } = await training.look();
    assert.equal(step, 2);
    assert.equal(decodeCheckpoint(checkpoint, 'page').metadata.globalStep, 2);
    assert.deepEqual(score, await training.evaluate());
    assert.deepEqual(filters, await training.filters());
    await training.release();
  });

  test('a look at weights that are not finite fails, so that they are not stored', async () => {
    const options = { ...recipes['tutorial'], hyperparameters: { learningRate: 1e6 } };
    const training = await PageTraining.create(ort, device, examples, options);
    await assert.rejects(steps(training, 20), { name: 'RunError' });
    await assert.rejects(training.look(), {
      name: 'RunError',
      message: /not finite, so the weights are lost/,
    });
    await training.release();
  });

  test('a rate that is far too high ends with advice', async () => {
    const options = { ...recipes['tutorial'], hyperparameters: { learningRate: 1e6 } };
    const training = await PageTraining.create(ort, device, examples, options);
    await assert.rejects(steps(training, 20), {
      name: 'RunError',
      message: /lower learning rate than 1000000/,
    });
    await training.release();
  });
});

describe('pictures of a page', () => {
  /** Stripes down, stripes across and a chessboard. */
  const pattern = (label: number, x: number, y: number) => {
    const [across, down] = [Math.floor(x / 4) % 2, Math.floor(y / 4) % 2];
    return [across, down, (across + down) % 2][label] ?? 0;
  };
  const pictures = Array.from({ length: 21 }, (_, index) => ({
    label: index % 3,
    pixels: noiseImage(index).map(
      (value, at) => value / 4 + 180 * pattern(index % 3, at % 32, Math.floor(at / 32) % 32),
    ),
  }));

  test('are divided into training and held-out pictures of every class, and learnt', async () => {
    const examples = examplesOfPictures(['a', 'b', 'c'], pictures);
    assert.deepEqual([examples.training.count, examples.heldOut.count], [15, 6]);
    const hyperparameters = { optimizer: 'adam', movingAverageDecay: 0.8, learningRate: 0.005 } as const;
    const network = 'cifar10:conv1=8,conv2=8,local3=32,local4=16';
    const options = { network, batchSize: 15, hyperparameters };
    const training = await PageTraining.create(ort, device, examples, options);
    await steps(training, 60);
    const { metadata } = decodeCheckpoint(await training.checkpoint(), 'page');
    assert.deepEqual(metadata.dataset.classes, ['a', 'b', 'c']);
    assert.equal(metadata.dataset.trainingExamples, 15);
    assert.deepEqual((await training.filters())?.shape, [8, 3, 5, 5]);
    assert.equal((await training.evaluate()).precision, 1);
    const other = examplesOfPictures(['a', 'b', 'c'], pictures, 1);
    const file = await training.checkpoint();
    await assert.rejects(PageTraining.resume(ort, device, other, file), {
      message: /belongs to other pictures/,
    });
    await training.release();
  });

  test('are refused if there are too few', () => {
    assert.throws(() => examplesOfPictures(['a'], pictures), { message: /found 1 class, expected 2 to 10/ });
    assert.throws(() => examplesOfPictures(['a', 'b', 'c', 'd'], pictures), {
      message: /^d: found 0 pictures, expected at least 2/,
    });
    const { dataset } = examplesOfPictures(['a', 'b', 'c'], pictures).training;
    assert.throws(() => examplesOf(dataset, 'train', new Uint8Array(5)), /not whole records/);
  });
});
