/** Trains a network of the program's own, and does everything with it that networks of the package can. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exportModel } from '../export/export.ts';
import type { ExportFormatName } from '../export/format.ts';
import { type DefinedNetwork, defineNetwork } from '../model/define-network.ts';
import { heNormal } from '../model/initializers.ts';
import { makeNetwork } from '../model/networks.ts';
import { openModel } from '../predict/trained-model.ts';
import { noiseImage } from '../testing/examples.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { runEvaluation } from './evaluation.ts';
import { runTraining, type TrainingEvent } from './training.ts';
import type { TrainingRequest } from './training-request.ts';

/** Defines the network.
 * @param second the number of filters of conv2 for each filter of conv1, or undefined to leave conv2 out */
function define(second: number | undefined, replace = true): DefinedNetwork<'width' | 'rate'> {
  return defineNetwork(
    {
      name: 'own',
      summary: 'batch normalization, pooling and dropout',
      numbers: {
        width: { kind: 'integer', minimum: 1, maximum: 64, default: 4, help: 'output channels of conv1' },
        rate: { kind: 'number', minimum: 0, maximum: 0.9, default: 0.25, help: 'dropout rate' },
      },
      imageShape: [3, 32, 32],
      create: ({ layers, images, classes, configuration: { width, rate } }) => {
        const options = { kernel: [3, 3], padding: 'SAME', initializer: heNormal, decayShare: 1 } as const;
        const block = (name: string, from: typeof images, filters: number) =>
          layers.scope(name, () => {
            const normalized = layers.batchNormalization(layers.convolution(from, { ...options, filters }));
            return layers.maxPool(layers.relu(normalized), { size: 2, stride: 2, padding: 'SAME' });
          });
        const first = block('conv1', images, width);
        const last = second === undefined ? first : block('conv2', first, second * width);
        const pooled = layers.dropout(layers.globalAveragePool(last), { rate });
        return layers.scope('logits', () =>
          layers.dense(pooled, { units: classes, initializer: heNormal, bias: 0 }),
        );
      },
    },
    { replace },
  );
}

describe('a network of the program itself', { timeout: 120_000 }, () => {
  const own = define(2, false);
  let folder = '';
  const path = (...names: readonly string[]) => join(folder, ...names);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-own-'));
    await copySynthetic(path('data'));
    await trained('run', { network: own.with({ width: 6 }) });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function trained(name: string, more: Partial<TrainingRequest>): Promise<readonly TrainingEvent[]> {
    const events: TrainingEvent[] = [];
    const request: TrainingRequest = {
      trainDir: path(name),
      dataDir: path('data'),
      dataset: 'synthetic',
      augmentation: 'pad_crop_flip',
      engine: 'onnx',
      batchSize: 4,
      maxSteps: 4,
      ...more,
    };
    for await (const event of runTraining(request)) events.push(event);
    return events;
  }
  const weightsOf = (name: string) => readFileSync(path(name, 'model.ckpt-4.safetensors'));

  test('is accepted by name, with its numbers, and as a value', async () => {
    for (const network of ['own', 'own:width=6', own, own.with({}), { name: 'own' }]) {
      const [start] = (await trained('accepted', { network, maxSteps: 1, restart: true })).filter(
        (event) => event.kind === 'start',
      );
      assert.equal(start?.run.network.name, 'own');
      const width = network === 'own:width=6' ? 6 : 4;
      assert.deepEqual(start?.run.network.configuration, { width, rate: 0.25 });
    }
    assert.equal(makeNetwork(own, 3).classes, 3);
  });

  test('is resumed bit-identically, without its name in the request', async () => {
    await trained('resumed', { network: own.with({ width: 6 }), maxSteps: 2 });
    await trained('resumed', {});
    assert.deepEqual(weightsOf('resumed'), weightsOf('run'));
  });

  test('is trained again by the recipe file of its run', async () => {
    await trained('again', { recipe: path('run', 'recipe.toml') });
    assert.deepEqual(weightsOf('again'), weightsOf('run'));
  });

  test('is trained with two towers', async () => {
    const events = await trained('towers', { network: own, towers: 2 });
    const losses = events.flatMap((event) => (event.kind === 'step' ? [event.totalLoss] : []));
    assert.equal(losses.length, 4);
    assert.ok(losses.every(Number.isFinite));
  });

  test('is evaluated', async () => {
    const places = { checkpointDir: path('run'), evalDir: path('eval'), dataDir: path('data') };
    const found: number[] = [];
    for await (const event of runEvaluation({ ...places, numExamples: 50, runOnce: true, engine: 'onnx' }))
      if (event.kind === 'evaluation') found.push(event.result.precision);
    assert.equal(found.length, 1);
  });

  test('classifies the same from the run and from exported files', async () => {
    const files = [
      ['onnx', 'own.onnx'],
      ['safetensors', 'own.safetensors'],
      ['safetensors', 'torch.safetensors'],
    ] as const;
    for (const [format, name] of files) await exported(format, name);
    const pictures = [1, 2, 3].map((seed) => noiseImage(seed));
    const of = async (name: string) => {
      const model = await openModel(path(name), { engine: 'onnx' });
      const found = await model.classifyPixels(pictures);
      await model.release();
      return found.flat();
    };
    const expected = await of('run');
    assert.deepEqual(await of('own.safetensors'), expected);
    const ofOnnx = await of('own.onnx');
    assert.equal(ofOnnx.length, expected.length);
    for (const [index, value] of ofOnnx.entries()) assert.ok(Math.abs(value - (expected[index] ?? 0)) < 1e-5);
  });

  async function exported(format: ExportFormatName, name: string): Promise<void> {
    const names = name.startsWith('torch') ? ({ names: 'torch' } as const) : {};
    const request = { checkpointDir: path('run'), output: path(name), format, ...names };
    for await (const event of exportModel(request))
      if (event.kind === 'compared') assert.ok(event.comparison.largestDifference < 1e-4);
  }

  test('is known to commands that import the module with the definition, and others say what to do', () => {
    const library = pathToFileURL(fileURLToPath(new URL('../index.js', import.meta.url))).href;
    const definition = `
      import { defineNetwork, heNormal } from ${JSON.stringify(library)};
      defineNetwork({
        name: 'own', summary: 'a linear model', imageShape: [3, 32, 32],
        create: ({ layers, images, classes }) =>
          layers.dense(layers.flatten(images), { units: classes, initializer: heNormal }),
      });`;
    writeFileSync(path('own-network.mjs'), definition);
    const bin = fileURLToPath(new URL('../../bin/cifar10.mjs', import.meta.url));
    const command = (words: readonly string[], options: string) =>
      spawnSync(process.execPath, [bin, ...words], {
        ...{ cwd: folder, encoding: 'utf8' },
        env: { ...process.env, NODE_OPTIONS: options },
      });
    const common = ['--data-dir', 'data', '--dataset', 'synthetic', '--augmentation', 'pad_crop_flip'];
    const words = ['train', ...common, '--network', 'own', '--train-dir', 'linear', '--max-steps', '1'];
    const imports = '--import ./own-network.mjs';
    const trained = command([...words, '--batch-size', '4', '--engine', 'onnx'], imports);
    assert.equal(trained.status, 0, trained.stderr);
    const predict = ['predict', 'none.png', '--checkpoint-dir', 'linear'];
    const { status, stderr } = command(predict, '');
    assert.equal(status, 1);
    assert.match(
      stderr,
      /the checkpoint has the network "own", but this version has cifar10, .*NODE_OPTIONS="--import \.\/MODULE\.mjs"/s,
    );
    assert.doesNotMatch(command(predict, imports).stderr, /the checkpoint has/);
    assert.match(command(words, '').stderr, /found "own", expected cifar10/);
  });

  test('is refused if it was replaced by another definition, before anything is computed', async () => {
    const refused = async (second: number | undefined, message: RegExp) => {
      define(second);
      const events: TrainingEvent[] = [];
      await assert.rejects(async () => {
        for (const event of await trained('run', { maxSteps: 5 })) events.push(event);
      }, message);
      assert.deepEqual(events, []);
    };
    const other = 'it was trained with another definition of the network';
    await refused(
      3,
      RegExp(`conv2/weights of the checkpoint: found .*12, 6, .*, expected .18, 6, .*; ${other}`),
    );
    for (const source of ['run', 'own.safetensors'])
      await assert.rejects(openModel(path(source)), {
        name: 'RunError',
        message: RegExp(`conv2/weights.*of the checkpoint: found .*; ${other}`),
      });
    await refused(undefined, RegExp(`logits/weights of the checkpoint: found .*12, 10.*; ${other}`));
    await assert.rejects(trained('old', { network: own }), {
      name: 'UsageError',
      message: /pass what the last defineNetwork with the name own returned/,
    });
    define(2);
  });
});
