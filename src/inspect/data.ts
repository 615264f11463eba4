/** Inspects a data set in a folder: checks every file and label, and counts the images of every class. */
import { join } from 'node:path';
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader, type Examples } from '../data/examples.ts';
import { loadExamples } from '../data/files.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { drawData } from './data-pictures.ts';
import type { Findings } from './findings.ts';

export interface DataInspection {
  /** The label that is used as the class, for data sets with several labels. */
  readonly labels?: string | undefined;
  /** A file for images of each class: PNG or HTML, depending on its ending. */
  readonly pictures?: string | undefined;
  /** The augmentation of these images. Default: that of the tutorial. */
  readonly augmentation?: AugmentationName | undefined;
}

/** @throws RunError when a file is missing or damaged, or the images cannot be written */
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

/** Returns the number of images by label. */
function classCounts(examples: Examples): readonly number[] {
  const reader = new ExampleReader(examples);
  const counts = examples.dataset.classes.map(() => 0);
  for (let index = 0; index < examples.count; index++) {
    const label = reader.labelOf(index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
