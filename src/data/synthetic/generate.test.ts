import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { datasets } from '../datasets.ts';
import { ExampleReader } from '../examples.ts';
import { folderOf, loadExamples } from '../files.ts';
import { imageBytes, recordBytes as recordBytesOf } from '../record.ts';
import { ensureSynthetic } from './generate.ts';
import { drawRecords } from './records.ts';

const dataset = datasets.synthetic;
const recordBytes = recordBytesOf(dataset.record);

function readerOf(records: Uint8Array): ExampleReader {
  return new ExampleReader({ dataset, count: records.length / recordBytes, records });
}

/** A changed checksum means a different data set, for which earlier measurements are not valid. */
const pinned = {
  train: '3c56b51833c4ad716e6fbe3b462bbcef5f8bdd52e5f8201aa0500f655be146fe',
  test: 'fd74e881b6369bebe8ae5d9189bb5b6d7e4f773f51eaffd8913dadc6ce543bd7',
};

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function countLabels(records: Uint8Array): readonly number[] {
  const counts = new Array<number>(dataset.classes.length).fill(0);
  for (let index = 0; index < records.length / recordBytes; index++) {
    const label = readerOf(records).labelOf(index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

test('the first records of both splits match the pinned checksums', () => {
  assert.equal(sha256(drawRecords('train', 0, 50)), pinned.train);
  assert.equal(sha256(drawRecords('test', 0, 50)), pinned.test);
});

test('drawing can start at any record', () => {
  const [start, end] = [7 * recordBytes, 12 * recordBytes];
  assert.deepEqual(drawRecords('train', 7, 5), drawRecords('train', 0, 12).slice(start, end));
});

test('pixels have a wide range, both in every image and over the whole set', () => {
  const records = drawRecords('train', 0, 100);
  const means: number[] = [];
  for (let index = 0; index < 100; index++) {
    const pixels = readerOf(records).pixelsOf(index);
    assert.ok(Math.max(...pixels) - Math.min(...pixels) > 60, `image ${index}`);
    means.push(pixels.reduce((sum, value) => sum + value, 0) / imageBytes(dataset.record.image));
  }
  assert.ok(Math.min(...means) < 80 && Math.max(...means) > 160);
});

test('the complete set is generated once, with the right sizes, balanced classes and no duplicate image', async () => {
  await inTemporaryFolder(async (dataDir) => {
    assert.equal(await ensureSynthetic(dataDir), true);
    assert.equal(await ensureSynthetic(dataDir), false);
    const images = new Set<string>();
    for (const [split, count] of [
      ['train', 10_000],
      ['test', 2_000],
    ] as const) {
      const { records } = await loadExamples(dataDir, dataset, split);
      assert.equal(records.length, count * recordBytes);
      assert.deepEqual(countLabels(records), new Array(10).fill(count / 10));
      const last = count - 50;
      assert.deepEqual(Uint8Array.from(records.subarray(last * recordBytes)), drawRecords(split, last, 50));
      for (let index = 0; index < count; index++) images.add(sha256(readerOf(records).pixelsOf(index)));
    }
    assert.equal(images.size, 12_000);
    await rm(join(folderOf(dataDir, dataset), 'data_batch_3.bin'));
    await assert.rejects(ensureSynthetic(dataDir), {
      name: 'RunError',
      message: /lacks .*data_batch_3\.bin/,
    });
  });
});

test('stopping the generation takes less than two seconds and leaves no files behind', async () => {
  await inTemporaryFolder(async (dataDir) => {
    const stop = new AbortController();
    const started = performance.now();
    const onEvent = () => void setTimeout(() => stop.abort(), 50);
    await assert.rejects(ensureSynthetic(dataDir, { signal: stop.signal, onEvent }), {
      name: 'StoppedError',
    });
    assert.ok(performance.now() - started < 2000);
    assert.deepEqual(await readdir(dataDir), []);
  });
});

test('concurrent processes generate the set only once, and delete what a killed process left behind', async () => {
  await inTemporaryFolder(async (dataDir) => {
    await mkdir(join(dataDir, 'synthetic-batches-bin.partial-1234'));
    await writeFile(join(dataDir, 'synthetic-batches-bin.partial-1234', 'data_batch_1.bin'), 'half');
    const events: string[] = [];
    const onEvent = ({ kind }: { readonly kind: string }) => void events.push(kind);
    const made = await Promise.all([1, 2].map(() => ensureSynthetic(dataDir, { onEvent })));
    assert.deepEqual(made.sort(), [false, true]);
    assert.deepEqual(events.sort(), ['drawing', 'waiting']);
    assert.deepEqual(await readdir(dataDir), [dataset.folder]);
  });
});

test('the error for a data folder that is a file contains its path and the flag', async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(ensureSynthetic(join(folder, 'file')), {
      name: 'RunError',
      message: /file: cannot be written \(.*file is a file\)\. Use another `dataDir`/,
    });
  });
});
