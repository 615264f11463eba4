import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { createOnnxEngine } from '../../engine/onnx/runtime/onnx-engine.ts';
import { evaluateCheckpoint } from '../../evaluation/evaluate.ts';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { inTemporaryFolder, noiseRecords, smallCifar100, smallDataset } from '../../testing/examples.ts';
import { tarOf } from '../../testing/tar.ts';
import { datasetOf } from '../../training/stored-run.ts';
import { trainSteps } from '../../training/train.ts';
import { makeRun } from '../../training/training-run.ts';
import { type DatasetDescription, withLabels } from '../dataset.ts';
import { datasets } from '../datasets.ts';
import { download } from '../download/download.ts';
import { ExampleReader } from '../examples.ts';
import { folderOf, loadExamples } from '../files.ts';
import { holdOut } from '../holdout.ts';
import { writeDataset } from '../write.ts';

const small = smallCifar100(200, 100);
const records = (count: number) => noiseRecords(count, 0, small);

function written(dataDir: string, dataset: DatasetDescription = small): Promise<string> {
  return writeDataset(dataDir, dataset, (file) => noiseRecords(file.records, 0, dataset));
}

test('an archive of its geometry is extracted with both files of names, and verified', () =>
  inTemporaryFolder(async (dataDir) => {
    const names = small.record.labels.map(({ namesFile, classes }) => ({
      path: `${small.folder}/${namesFile}`,
      content: Buffer.from(`${classes.join('\n')}\n`),
    }));
    const files = small.files.map((file) => ({
      path: `${small.folder}/${file.name}`,
      content: records(file.records),
    }));
    const bytes = gzipSync(tarOf([...names, ...files]));
    const tarball = join(dataDir, 'copy.tar.gz');
    await writeFile(tarball, bytes);
    const md5 = createHash('md5').update(bytes).digest('hex');
    const archive = { name: 'cifar-100-binary.tar.gz', url: 'http://127.0.0.1:9/', bytes: bytes.length, md5 };
    const { signal } = new AbortController();
    await download({ ...small, archive }, dataDir, { signal, tarball, onEvent: () => undefined });
    assert.deepEqual((await readdir(folderOf(dataDir, small))).sort(), [
      'coarse_label_names.txt',
      'fine_label_names.txt',
      'test.bin',
      'train.bin',
    ]);
    assert.deepEqual((await loadExamples(dataDir, small, 'train')).records, records(200));
  }));

test('a data set that this program writes contains the names of both labels', () =>
  inTemporaryFolder(async (dataDir) => {
    const folder = await written(dataDir);
    const coarse = await readFile(join(folder, 'coarse_label_names.txt'), 'utf8');
    assert.deepEqual(coarse.split('\n').slice(0, 2), ['aquatic_mammals', 'fish']);
    assert.match(await readFile(join(folder, 'fine_label_names.txt'), 'utf8'), /^apple\naquarium_fish\n/);
  }));

test('fine and coarse labels give different classes of the same images', () =>
  inTemporaryFolder(async (dataDir) => {
    await written(dataDir);
    const fine = await loadExamples(dataDir, small, 'test');
    const coarse = await loadExamples(dataDir, withLabels(small, 'coarse'), 'test');
    assert.deepEqual([fine.dataset.classes.length, coarse.dataset.classes.length], [100, 20]);
    const [fineReader, coarseReader] = [new ExampleReader(fine), new ExampleReader(coarse)];
    assert.deepEqual([fineReader.labelOf(43), coarseReader.labelOf(43)], [43, 3]);
    assert.deepEqual(fineReader.pixelsOf(43), coarseReader.pixelsOf(43));
    const { validation } = holdOut(coarse, 0.2, 0);
    const held = new ExampleReader(validation);
    assert.deepEqual(
      [...Array(20).keys()].map(
        (label) =>
          [...Array(validation.count).keys()].filter((index) => held.labelOf(index) === label).length,
      ),
      new Array(20).fill(1),
    );
  }));

describe('a damaged file is refused with the place of the damage', () => {
  const damages: readonly (readonly [string, (file: string) => Promise<void>, RegExp])[] = [
    [
      'a fine label of 100',
      (file) => overwrite(file, 17 * 3074 + 1, 100),
      /test\.bin: record 17 has fine label 100, expected 0 to 99\. The file is damaged\./,
    ],
    [
      'a coarse label of 20',
      (file) => overwrite(file, 99 * 3074, 20),
      /test\.bin: record 99 has coarse label 20, expected 0 to 19\. The file is damaged\./,
    ],
    [
      'a truncated file',
      (file) => truncate(file, 99 * 3074 + 1000),
      /test\.bin: found 305,326 bytes, expected 307,400 \(100 records of 3,074\)\. Record 99 is cut short\./,
    ],
    [
      'records of CIFAR-10',
      (file) => truncate(file, 70 * 3073),
      /test\.bin: found 215,110 bytes, expected .*\. These are 70 records of CIFAR-10\./,
    ],
  ];
  // Both labels are checked, because either may be used as the class.
  for (const labels of ['fine', 'coarse'])
    for (const [title, damage, message] of damages)
      test(`${title}, with ${labels} labels`, () =>
        inTemporaryFolder(async (dataDir) => {
          await damage(join(await written(dataDir), 'test.bin'));
          await assert.rejects(loadExamples(dataDir, withLabels(small, labels), 'test'), {
            name: 'RunError',
            message,
          });
        }));

  test('records of CIFAR-100 in a file of CIFAR-10', () =>
    inTemporaryFolder(async (dataDir) => {
      const tens = smallDataset(20, 12);
      const folder = await written(dataDir, tens);
      await writeFile(join(folder, 'test_batch.bin'), records(12));
      await assert.rejects(loadExamples(dataDir, tens, 'test'), /These are 12 records of CIFAR-100\./);
    }));
});

async function overwrite(path: string, at: number, byte: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Uint8Array.of(byte), 0, 1, at);
  await file.close();
}

for (const labels of ['fine', 'coarse'])
  test(`trains and evaluates with ${labels} labels, and checkpoints record them`, () =>
    inTemporaryFolder(async (folder) => {
      await written(folder);
      const dataset = withLabels(small, labels);
      const examples = await loadExamples(folder, dataset, 'train');
      const classes = labels === 'fine' ? 100 : 20;
      const network = tutorialNetwork(classes, { conv1: 4, conv2: 4, local3: 6, local4: 5 });
      const engine = createOnnxEngine(1);
      const hyperparameters = tutorialHyperparameters;
      const run = makeRun({ network, hyperparameters, batchSize: 20, seed: 0, holdout: 0 }, examples, engine);
      const store = new CheckpointStore(join(folder, 'run'), { keep: 1, onWarning: assert.fail });
      const losses: number[] = [];
      const options = { run, store, maxSteps: 2, checkpointSteps: 2, versions: { cifar10: '0' } };
      for await (const event of trainSteps(options)) if (event.kind === 'step') losses.push(event.totalLoss);
      assert.ok(Math.abs((losses[0] ?? 0) - Math.log(classes)) < 0.2, `${losses[0]}`);
      const found = await store.latest();
      assert.ok(found);
      const { checkpoint } = found;
      assert.equal(checkpoint.metadata.dataset.labels, labels);
      assert.deepEqual(datasetOf(checkpoint.metadata), withLabels(datasets.cifar100, labels));
      const tests = await loadExamples(folder, dataset, 'test');
      const scoring = { engine, checkpoint, weights: 'ema', batchSize: 30, numExamples: 1000 } as const;
      assert.equal((await evaluateCheckpoint({ ...scoring, examples: tests })).total, 100);
      const others = await loadExamples(
        folder,
        withLabels(small, labels === 'fine' ? 'coarse' : 'fine'),
        'test',
      );
      await assert.rejects(evaluateCheckpoint({ ...scoring, examples: others }), {
        name: 'RunError',
        message: /the checkpoint was trained on .* classes/,
      });
    }));
