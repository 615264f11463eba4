/** Inspects a data set in a folder: checks every file and label, and counts the images of every class. */
import { join } from 'node:path';
import type { DatasetDescription } from '../data/dataset.ts';
import { loadExamples } from '../data/files.ts';
import { labelOf } from '../data/record.ts';
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
  const { records, count } = await loadExamples(dataDir, dataset, split);
  const counts = dataset.classes.map(() => 0);
  for (let index = 0; index < count; index++) {
    const label = labelOf(records, index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
