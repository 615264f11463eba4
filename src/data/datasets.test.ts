/** What the program does with the files of every data set of the table. */
import assert from 'node:assert/strict';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder, noiseRecords } from '../testing/examples.ts';
import type { DatasetDescription } from './dataset.ts';
import { datasetNames, datasets } from './datasets.ts';
import { ExampleReader } from './examples.ts';
import { loadExamples } from './files.ts';
import { imageBytes, labelOffset, recordBytes } from './record.ts';
import { writeDataset } from './write.ts';

const records = 3;

/** Returns the data set with a few records in each of its files. */
function small(dataset: DatasetDescription): DatasetDescription {
  return { ...dataset, files: dataset.files.map((file) => ({ ...file, records })) };
}

for (const name of datasetNames) {
  const dataset = small(datasets[name]);
  const size = recordBytes(dataset.record);
  const [file] = dataset.files.filter(({ split }) => split === 'test');
  const written = (dataDir: string) =>
    writeDataset(dataDir, dataset, () => noiseRecords(records, 0, dataset));

  test(`${name} is written and read back`, () =>
    inTemporaryFolder(async (dataDir) => {
      await written(dataDir);
      const reader = new ExampleReader(await loadExamples(dataDir, dataset, 'test'));
      assert.equal(reader.labelOf(1), 1);
      assert.equal(reader.pixelsOf(1).length, imageBytes(dataset.record.image));
    }));

  for (const field of dataset.record.labels) {
    if (field.classes.length === 256 ** field.bytes) continue;
    test(`a ${field.name} label without a class in ${name} is refused with its record`, () =>
      inTemporaryFolder(async (dataDir) => {
        const path = join(await written(dataDir), file?.name ?? '');
        const label = field.classes.length;
        const handle = await open(path, 'r+');
        const bytes = Uint8Array.of(label & 255, label >> 8).subarray(0, field.bytes);
        await handle.write(bytes, 0, field.bytes, 2 * size + labelOffset(dataset.record, field.name));
        await handle.close();
        const message = new RegExp(`record 2 has .*label ${label}, expected 0 to ${label - 1}\\.`);
        await assert.rejects(loadExamples(dataDir, dataset, 'test'), { name: 'RunError', message });
      }));
  }

  test(`a file of ${name} that is cut short is refused with the record`, () =>
    inTemporaryFolder(async (dataDir) => {
      await truncate(join(await written(dataDir), file?.name ?? ''), 2 * size + 1);
      const message = /found .* bytes, expected .* \(3 records of .*\)\. Record 2 is cut short\./;
      await assert.rejects(loadExamples(dataDir, dataset, 'test'), { name: 'RunError', message });
    }));
}
