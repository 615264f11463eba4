/** Small data sets for tests. They have the real format, but their images are noise. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetDescription, DatasetFile, Split } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import type { Examples } from '../data/examples.ts';
import { encodeRecord, type ImageShape, imageBytes, recordBytes } from '../data/record.ts';
import { RandomStream } from '../tensor/random.ts';

/** Returns a data set like CIFAR-10 with fewer examples, in two training files and one test file. */
export function smallDataset(recordsPerTrainingFile: number, testRecords: number): DatasetDescription {
  return {
    ...datasets.synthetic,
    files: [
      { name: 'data_batch_1.bin', split: 'train', records: recordsPerTrainingFile },
      { name: 'data_batch_2.bin', split: 'train', records: recordsPerTrainingFile },
      { name: 'test_batch.bin', split: 'test', records: testRecords },
    ],
  };
}

/** Returns a data set like CIFAR-100 with fewer examples. */
export function smallCifar100(trainingRecords: number, testRecords: number): DatasetDescription {
  return {
    ...datasets.cifar100,
    files: [
      { name: 'train.bin', split: 'train', records: trainingRecords },
      { name: 'test.bin', split: 'test', records: testRecords },
    ],
  };
}

/** Returns an image of noise, [C, H, W]. */
export function noiseImage(seed: number, shape: ImageShape = [3, 32, 32]): Uint8Array {
  const stream = new RandomStream(seed, 'test');
  return Uint8Array.from({ length: imageBytes(shape) }, () => stream.below(256));
}

/** Makes records of noise with the labels 0, 1, … in turn. */
export function noiseRecords(
  count: number,
  seed = 0,
  { record }: DatasetDescription = datasets.synthetic,
): Uint8Array {
  const size = recordBytes(record);
  const records = new Uint8Array(new SharedArrayBuffer(count * size));
  for (let index = 0; index < count; index++) {
    const labels = record.labels.map(({ classes }) => index % classes.length);
    records.set(encodeRecord(record, labels, noiseImage(seed + index, record.image)), index * size);
  }
  return records;
}

/** Makes examples of noise that exist in memory only. */
export function noiseExamples(
  count: number,
  split: Split = 'train',
  dataset: DatasetDescription = datasets.synthetic,
): Examples {
  const file: DatasetFile = { name: 'noise.bin', split, records: count };
  return {
    dataset: { ...dataset, files: [file] },
    split,
    count,
    records: noiseRecords(count, 0, dataset),
    keyOf: (index) => `noise.bin:${index}`,
  };
}

/** Runs a test in a temporary folder, which is deleted afterwards. */
export async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cifar10-test-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
