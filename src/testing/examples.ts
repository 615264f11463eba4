/** Small data sets for tests. They have the real format, but their images are noise. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetDescription, type DatasetFile, datasets, type Split } from '../data/dataset.ts';
import type { Examples } from '../data/examples.ts';
import { encodeRecord, imageBytes, recordBytes } from '../data/record.ts';
import { RandomStream } from '../tensor/random.ts';

/** A data set like CIFAR-10 with fewer examples, in two training files and one test file. */
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

/** An image of noise, [3, 32, 32]. */
export function noiseImage(seed: number): Uint8Array {
  const stream = new RandomStream(seed, 'test');
  return Uint8Array.from({ length: imageBytes }, () => stream.below(256));
}

/** Records of noise with the labels 0, 1, … 9, 0, … */
export function noiseRecords(count: number, seed = 0): Uint8Array {
  const records = new Uint8Array(new SharedArrayBuffer(count * recordBytes));
  for (let index = 0; index < count; index++) {
    records.set(encodeRecord(index % 10, noiseImage(seed + index)), index * recordBytes);
  }
  return records;
}

/** Examples of noise that exist in memory only. */
export function noiseExamples(count: number, split: Split = 'train'): Examples {
  const file: DatasetFile = { name: 'noise.bin', split, records: count };
  return {
    dataset: { ...datasets.synthetic, files: [file] },
    split,
    count,
    records: noiseRecords(count),
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
