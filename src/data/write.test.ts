import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder, noiseRecords, smallDataset } from '../testing/examples.ts';
import { datasets } from './datasets.ts';
import { folderOf } from './files.ts';
import { classNamesText, writeDataset } from './write.ts';

const dataset = smallDataset(3, 2);
const files = ['batches.meta.txt', 'data_batch_1.bin', 'data_batch_2.bin', 'test_batch.bin'];

test('the class names of CIFAR-10 take 61 bytes, as in its own file', () => {
  const text = classNamesText(datasets.cifar10.classes);
  assert.equal(text.length, 61);
  assert.deepEqual(text.split('\n'), [...datasets.cifar10.classes, '', '']);
});

test('a data set is written with its class names, and no other files are left', async () => {
  await inTemporaryFolder(async (parent) => {
    const dataDir = join(parent, 'not', 'there yet');
    const folder = await writeDataset(dataDir, dataset, ({ records }) => noiseRecords(records));
    assert.deepEqual((await readdir(folder)).sort(), files);
    assert.deepEqual(await readdir(dataDir), [dataset.folder]);
    const bytes = await readFile(join(folder, 'data_batch_2.bin'));
    assert.deepEqual(Uint8Array.from(bytes), Uint8Array.from(noiseRecords(3)));
    // The folder has the usual permissions, not those of a private temporary folder.
    assert.equal((await stat(folder)).mode & 0o777, 0o777 & ~process.umask());
  });
});

test('a failure leaves nothing behind', async () => {
  await inTemporaryFolder(async (dataDir) => {
    const failing = writeDataset(dataDir, dataset, ({ name, records }) => {
      if (name === 'data_batch_2.bin') throw new Error('drawing failed');
      return noiseRecords(records);
    });
    await assert.rejects(failing, /drawing failed/);
    assert.deepEqual(await readdir(dataDir), []);
    await assert.rejects(
      writeDataset(dataDir, dataset, () => new Uint8Array(7)),
      /data_batch_1\.bin: 3 records need 9219 bytes, found 7/,
    );
    assert.deepEqual(await readdir(dataDir), []);
  });
});

test('two concurrent writers both succeed, and a complete data set is never replaced', async () => {
  await inTemporaryFolder(async (dataDir) => {
    await Promise.all([
      writeDataset(dataDir, dataset, ({ records }) => noiseRecords(records)),
      writeDataset(dataDir, dataset, ({ records }) => noiseRecords(records)),
    ]);
    await writeDataset(dataDir, dataset, ({ records }) => noiseRecords(records, 50));
    assert.deepEqual(await readdir(dataDir), [dataset.folder]);
    const bytes = await readFile(join(folderOf(dataDir, dataset), 'test_batch.bin'));
    assert.deepEqual(Uint8Array.from(bytes), Uint8Array.from(noiseRecords(2)));
  });
});

test('a folder that lacks files is not changed, and the error lists the missing files', async () => {
  await inTemporaryFolder(async (dataDir) => {
    const folder = folderOf(dataDir, dataset);
    await mkdir(folder);
    await writeFile(join(folder, 'mine.txt'), 'precious');
    await assert.rejects(
      writeDataset(dataDir, dataset, ({ records }) => noiseRecords(records)),
      {
        name: 'RunError',
        message: new RegExp(
          `^${folder}: the folder exists but lacks data_batch_1\\.bin, data_batch_2\\.bin, test_batch\\.bin\\. Move ${folder} aside and run`,
        ),
      },
    );
    assert.deepEqual(await readdir(folder), ['mine.txt']);
    await rm(folder, { recursive: true });
  });
});
