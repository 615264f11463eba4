/** Inspects a data set in a folder: checks every file and label, and counts the images of every class. */
import { join } from 'node:path';
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader } from '../data/examples.ts';
import { loadExamples } from '../data/files.ts';
import type { Findings } from './findings.ts';

/** @throws RunError when a file is missing or damaged */
export async function* inspectData(dataDir: string, dataset: DatasetDescription): Findings {
  const training = await classCounts(dataDir, dataset, 'train');
  const test = await classCounts(dataDir, dataset, 'test');
  const classes = dataset.classes.map((name, label) => ({
    name,
    training: training[label] ?? 0,
    test: test[label] ?? 0,
  }));
  yield { kind: 'data', dataset, folder: join(dataDir, dataset.folder), classes };
}

/** The number of images by label. */
async function classCounts(
  dataDir: string,
  dataset: DatasetDescription,
  split: 'train' | 'test',
): Promise<readonly number[]> {
  const examples = await loadExamples(dataDir, dataset, split);
  const reader = new ExampleReader(examples);
  const counts = dataset.classes.map(() => 0);
  for (let index = 0; index < examples.count; index++) {
    const label = reader.labelOf(index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
