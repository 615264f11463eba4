/** Runs that start with the weights of another one, and normalize images with its mean and deviation. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import { encodeSafetensors } from '../checkpoint/safetensors.ts';
import { datasets } from '../data/datasets.ts';
import { exportModel } from '../export/export.ts';
import { openModel } from '../predict/trained-model.ts';
import { noiseImage } from '../testing/examples.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { randomCheckpoint, smallWidths } from '../testing/trained.ts';
import { findLearningRate } from './learning-rate-search.ts';
import { runTraining } from './training.ts';
import type { TrainingRequest } from './training-request.ts';

/** The statistics of the source, which differ from those of the data. */
const statistics = { mean: [0.25, 0.5, 0.75], deviation: [0.125, 0.25, 0.5] };
const own = datasets.synthetic.statistics;

/** A trained network whose images were normalized with these statistics. */
function sourceOf(normalization: 'dataset' | 'per_image'): Checkpoint {
  const images = { augmentation: 'tutorial', normalization } as const;
  const { tensors, metadata } = randomCheckpoint({ network: 'cifar10', configuration: smallWidths, images });
  return { tensors, metadata: { ...metadata, dataset: { ...metadata.dataset, statistics } } };
}

describe('the statistics of the source of the initial weights', { timeout: 120_000 }, () => {
  let folder = '';
  const path = (...names: readonly string[]) => join(folder, ...names);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-statistics-'));
    await copySynthetic(path('data'));
    await writeCheckpoint(path('source'), sourceOf('dataset'));
    await writeCheckpoint(path('whitened'), sourceOf('per_image'));
    await trained('tuned', { statistics: 'source', initFrom: path('source') });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const request = (name: string, more: Partial<TrainingRequest>): TrainingRequest => ({
    trainDir: path(name),
    dataDir: path('data'),
    ...{ dataset: 'synthetic', network: fewUnits, normalization: 'dataset' },
    ...{ engine: 'onnx', batchSize: 4, maxSteps: 2, summarySteps: 0 },
    ...more,
  });
  async function trained(name: string, more: Partial<TrainingRequest>): Promise<void> {
    for await (const event of runTraining(request(name, more))) void event;
  }
  const checkpointOf = (name: string, step = 2) =>
    readCheckpoint(path(name, `model.ckpt-${step}.safetensors`));

  test('are stored in the checkpoint and in the recipe file, and differ from those of the data', async () => {
    const { metadata } = await checkpointOf('tuned');
    assert.equal(metadata.statistics, 'source');
    assert.deepEqual(metadata.dataset.statistics, statistics);
    assert.match(readFileSync(path('tuned', 'recipe.toml'), 'utf8'), /^statistics = "source"$/m);
    await trained('own', { initFrom: path('source') });
    const other = await checkpointOf('own');
    assert.equal(other.metadata.statistics, 'own');
    assert.deepEqual(other.metadata.dataset.statistics, own);
    assert.notDeepEqual(
      other.tensors.get('conv1/weights'),
      (await checkpointOf('tuned')).tensors.get('conv1/weights'),
    );
  });

  test('are kept by a resumed run, without the option and without the source', async () => {
    await trained('resumed', { statistics: 'source', initFrom: path('source'), maxSteps: 1 });
    await trained('resumed', {});
    assert.deepEqual((await checkpointOf('resumed')).tensors, (await checkpointOf('tuned')).tensors);
    await assert.rejects(
      trained('resumed', { statistics: 'own', maxSteps: 3 }),
      /statistics of the normalization: source there, own here/,
    );
  });

  test('apply again if the recipe file repeats the run with the same source', async () => {
    const recipe = path('tuned', 'recipe.toml');
    const repeat = { recipe, trainDir: path('again'), dataDir: path('data'), summarySteps: 0 };
    for await (const event of runTraining({ ...repeat, initFrom: path('source') })) void event;
    assert.deepEqual((await checkpointOf('again')).tensors, (await checkpointOf('tuned')).tensors);
    await assert.rejects(async () => {
      for await (const event of runTraining({ ...repeat, trainDir: path('without') })) void event;
    }, /recipe\.toml: statistics = "source" needs a source; add `initFrom`/);
  });

  test('are those with which a classifier and an exported file normalize pictures', async () => {
    const pictures = [1, 2].map((seed) => noiseImage(seed));
    const of = async (source: string) => {
      const model = await openModel(source, { engine: 'onnx', weights: 'raw' });
      const found = await model.classifyPixels(pictures);
      await model.release();
      return found;
    };
    const { tensors, metadata } = await checkpointOf('tuned');
    const expected = await of(path('tuned'));
    const dataset = { ...metadata.dataset, statistics: own };
    const file = await writeCheckpoint(path('swapped'), { tensors, metadata: { ...metadata, dataset } });
    assert.notDeepEqual(await of(file), expected);
    const exported = {
      checkpointDir: path('tuned'),
      weights: 'raw',
      output: path('tuned.safetensors'),
    } as const;
    for await (const event of exportModel(exported)) void event;
    assert.deepEqual(await of(path('tuned.safetensors')), expected);
  });

  test('come from exported files too, and are used by the search for a learning rate', async () => {
    for (const output of [path('source.onnx'), path('source.safetensors')]) {
      for await (const event of exportModel({ checkpointDir: path('source'), output })) void event;
      await trained('exported', { statistics: 'source', initFrom: output, restart: true });
      assert.deepEqual((await checkpointOf('exported')).metadata.dataset.statistics, statistics);
    }
    const { trainDir, ...search } = request('search', { statistics: 'source', initFrom: path('source') });
    for await (const event of findLearningRate({ ...search, trainDir, maxSteps: undefined })) {
      if (event.kind !== 'start') continue;
      assert.deepEqual(event.run.examples.dataset.statistics, statistics);
      break;
    }
  });

  test('are refused if there are none, or if nothing uses them', async () => {
    writeFileSync(path('plain.safetensors'), encodeSafetensors(sourceOf('dataset').tensors, {}));
    for (const [more, message] of [
      [{ initFrom: path('whitened') }, /^`statistics: source`: .*whitened.* has no mean and deviation/],
      [{ initFrom: path('plain.safetensors') }, /^`statistics: source`: .*plain\.safetensors has no mean/],
      [{}, /^`statistics: source` needs a source; add `initFrom`/],
      [
        { initFrom: path('source'), normalization: 'per_image' },
        /^`statistics: source` applies to `normalization: dataset`, but the normalization is per_image/,
      ],
    ] as const)
      await assert.rejects(trained('refused', { statistics: 'source', ...more }), { message });
  });
});
