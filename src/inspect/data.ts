/** Inspects a data set in a folder: checks every file and label, and counts the images of every class. */
import { join } from 'node:path';
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader, type Examples } from '../data/examples.ts';
import { loadExamples } from '../data/files.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { drawData } from './data-pictures.ts';
import type { Findings } from './findings.ts';

export interface DataInspection {
  /** The label that is the class, for data sets with several. */
  readonly labels?: string | undefined;
  /** A file for pictures of each class: PNG or HTML, by its ending. */
  readonly pictures?: string | undefined;
  /** Of the pictures; the tutorial's by default. */
  readonly augmentation?: AugmentationName | undefined;
}

/** @throws RunError when a file is missing or damaged, or the pictures cannot be written */
export async function* inspectData(
  dataDir: string,
  dataset: DatasetDescription,
  { pictures, augmentation = 'tutorial' }: DataInspection = {},
): Findings {
  const examples = await loadExamples(dataDir, dataset, 'train');
  const training = classCounts(examples);
  const test = classCounts(await loadExamples(dataDir, dataset, 'test'));
  const classes = dataset.classes.map((name, label) => ({
    name,
    training: training[label] ?? 0,
    test: test[label] ?? 0,
  }));
  yield { kind: 'data', dataset, folder: join(dataDir, dataset.folder), classes };
  if (pictures === undefined) return;
  await drawData(pictures, examples, augmentation);
  yield { kind: 'pictures', dataset, augmentation, file: pictures };
}

/** The number of images by label. */
function classCounts(examples: Examples): readonly number[] {
  const reader = new ExampleReader(examples);
  const counts = examples.dataset.classes.map(() => 0);
  for (let index = 0; index < examples.count; index++) {
    const label = reader.labelOf(index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
