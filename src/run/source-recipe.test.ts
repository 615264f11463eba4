import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { encodeSafetensors } from '../checkpoint/safetensors.ts';
import type { ExportFormatName } from '../export/format.ts';
import { exportFormats } from '../export/formats.ts';
import { trainedNetwork } from '../export/trained-network.ts';
import { float32 } from '../tensor/tensor.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { randomCheckpoint } from '../testing/trained.ts';
import { recipeOfSource } from './source-recipe.ts';

const { tensors, metadata } = randomCheckpoint({
  network: 'cifar10',
  configuration: { conv1: 4, conv2: 4, local3: 6, local4: 5 },
});
const { network } = metadata;
const checkpoint = { tensors, metadata: { ...metadata, recipe: 'tutorial' } };

async function writeExport(folder: string, format: ExportFormatName): Promise<string> {
  const trained = trainedNetwork({ path: 'run', checkpoint }, 'ema');
  const { files } = await exportFormats[format].make(trained, { names: 'cifar10' });
  const path = join(folder, `model.${format}`);
  await writeFile(path, files.get('') ?? new Uint8Array());
  return path;
}

test('a checkpoint and its exported files have the recipe and the network of their run', () =>
  inTemporaryFolder(async (folder) => {
    const sources = [
      await writeCheckpoint(folder, checkpoint),
      await writeExport(folder, 'onnx'),
      await writeExport(folder, 'safetensors'),
    ];
    for (const initFrom of sources) {
      assert.deepEqual(await recipeOfSource({ initFrom }), { recipe: 'tutorial', network }, initFrom);
      assert.equal(await recipeOfSource({ initFrom, network: 'resnet' }), undefined);
      const other = await recipeOfSource({ initFrom, hyperparameters: { optimizer: 'adam' } });
      assert.ok(other !== undefined && !('recipe' in other));
    }
  }));

test('files of other programs, and damaged ones, have no recipe', () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'model.safetensors');
    const weights = new Map([['w', float32([1], [1])]]);
    await writeFile(path, encodeSafetensors(weights, {}));
    assert.equal(await recipeOfSource({ initFrom: path }), undefined);
    const damaged = { network: 'cifar10', configuration: '{"conv1": "wide"}', recipe: 'tutorial' };
    await writeFile(path, encodeSafetensors(weights, damaged));
    assert.equal(await recipeOfSource({ initFrom: path }), undefined);
    assert.equal(await recipeOfSource({ initFrom: join(folder, 'missing') }), undefined);
  }));
