import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, open, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../command.ts';
import { inTemporaryFolder, noiseRecords, smallDataset } from '../testing/examples.ts';
import { datasets } from './datasets.ts';
import { ExampleReader } from './examples.ts';
import { checksum, folderOf, loadExamples, makeCommand, missingFiles } from './files.ts';
import { recordBytes as recordBytesOf } from './record.ts';
import { writeDataset } from './write.ts';

const dataset = smallDataset(20, 12);
const recordBytes = recordBytesOf(dataset.record);

/** Writes a data set and runs the body with the path of its second training file, so that a test can damage that file. */
async function withDataset(body: (dataDir: string, second: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (dataDir) => {
    let seed = 0;
    await writeDataset(dataDir, dataset, ({ records }) => {
      seed += 100;
      return noiseRecords(records, seed);
    });
    await body(dataDir, join(folderOf(dataDir, dataset), 'data_batch_2.bin'));
  });
}

function advice(dataDir: string): string {
  const folder = folderOf(dataDir, dataset);
  return `The file is damaged. Move ${folder} aside and run "${command(`download --dataset synthetic --data-dir ${dataDir}`)}".`;
}

test('a split is read into shared memory, file by file, and every example has a key', async () => {
  await withDataset(async (dataDir, second) => {
    const examples = await loadExamples(dataDir, dataset, 'train');
    assert.equal(examples.count, 40);
    assert.ok(examples.records.buffer instanceof SharedArrayBuffer);
    assert.deepEqual(
      examples.records,
      new Uint8Array(Buffer.concat([noiseRecords(20, 100), noiseRecords(20, 200)])),
    );
    assert.equal(new ExampleReader(examples).labelOf(27), 7);
    assert.equal(examples.keyOf(19), `${join(folderOf(dataDir, dataset), 'data_batch_1.bin')}:19`);
    assert.equal(examples.keyOf(20), `${second}:0`);
    assert.throws(() => examples.keyOf(40), /has 40 train examples, but example 40 was requested/);
    const tests = await loadExamples(dataDir, dataset, 'test');
    assert.equal(tests.count, 12);
    assert.match(tests.keyOf(0), /test_batch\.bin:0$/);
  });
});

test('the checksum is the SHA-256 of the records, so one changed bit changes it', async () => {
  await withDataset(async (dataDir) => {
    const examples = await loadExamples(dataDir, dataset, 'test');
    const before = checksum(examples);
    assert.equal(before, createHash('sha256').update(noiseRecords(12, 300)).digest('hex'));
    examples.records[recordBytes * 5 + 77] = (examples.records[recordBytes * 5 + 77] ?? 0) ^ 1;
    assert.notEqual(checksum(examples), before);
  });
});

test('a truncated file is refused by its size', async () => {
  await withDataset(async (dataDir, second) => {
    await truncate(second, 20 * recordBytes - 1);
    await assert.rejects(loadExamples(dataDir, dataset, 'train'), {
      name: 'RunError',
      message: `${second}: found 61,459 bytes, expected 61,460 (20 records of 3,073). Record 19 is cut short. ${advice(dataDir)}`,
    });
  });
});

test('a file with an extra record is refused by its size', async () => {
  await withDataset(async (dataDir, second) => {
    await appendFile(second, new Uint8Array(recordBytes));
    await assert.rejects(loadExamples(dataDir, dataset, 'train'), {
      name: 'RunError',
      message: `${second}: found 64,533 bytes, expected 61,460 (20 records of 3,073). ${advice(dataDir)}`,
    });
  });
});

test('a label without a class is refused before any example is used', async () => {
  await withDataset(async (dataDir, second) => {
    const file = await open(second, 'r+');
    await file.write(Uint8Array.of(12), 0, 1, 17 * recordBytes);
    await file.close();
    await assert.rejects(loadExamples(dataDir, dataset, 'train'), {
      name: 'RunError',
      message: `${second}: record 17 has label 12, expected 0 to 9. ${advice(dataDir)}`,
    });
  });
});

test('the error for a missing file says which command provides it', async () => {
  await withDataset(async (dataDir, second) => {
    assert.deepEqual(await missingFiles(dataDir, dataset), []);
    await rm(second);
    assert.deepEqual(await missingFiles(dataDir, dataset), [second]);
    await assert.rejects(loadExamples(dataDir, dataset, 'train'), {
      name: 'RunError',
      message:
        `Failed to find file: ${second}. Move ${folderOf(dataDir, dataset)} aside and ` +
        `run "${command(`download --dataset synthetic --data-dir ${dataDir}`)}".`,
    });
  });
});

test('errors for a missing folder and an empty one give different advice', async () => {
  await inTemporaryFolder(async (dataDir) => {
    const folder = folderOf(dataDir, datasets.cifar10);
    const error = (advice: string) => ({
      name: 'RunError',
      message: `Failed to find file: ${join(folder, 'data_batch_1.bin')}. ${advice} run "${command(`download --data-dir ${dataDir}`)}".`,
    });
    await assert.rejects(loadExamples(dataDir, datasets.cifar10, 'train'), error('To get CIFAR-10,'));
    await mkdir(folder);
    await assert.rejects(loadExamples(dataDir, datasets.cifar10, 'train'), error(`Move ${folder} aside and`));
    assert.equal((await missingFiles(dataDir, datasets.cifar10)).length, 6);
  });
});

test('a folder name is quoted for the shell in commands', () => {
  assert.equal(makeCommand('my data', dataset), command("download --dataset synthetic --data-dir 'my data'"));
  assert.equal(makeCommand("it's", datasets.cifar10), command("download --data-dir 'it'\\''s'"));
});

test('files of one data set are not accepted as those of another', async () => {
  await withDataset(async (dataDir) => {
    await rename(folderOf(dataDir, dataset), folderOf(dataDir, datasets.cifar10));
    await assert.rejects(
      loadExamples(dataDir, datasets.cifar10, 'train'),
      /data_batch_1\.bin: found 61,460 bytes, expected 30,730,000 \(10,000 records of 3,073\)/,
    );
  });
});

test('a folder in place of a file is a RunError', async () => {
  await withDataset(async (dataDir, second) => {
    await rm(second);
    await mkdir(second);
    await assert.rejects(loadExamples(dataDir, dataset, 'train'), { name: 'RunError' });
  });
});
