/** Descriptions of the data sets. Everything that reads, checks, draws or names a data set uses its description. */

import { anObjectWith, type Check } from '../arguments.ts';

export type DatasetName = 'cifar10' | 'synthetic';
export type Split = 'train' | 'test';

export interface DatasetFile {
  readonly name: string;
  readonly split: Split;
  /** Records in the file. */
  readonly records: number;
}

/** The download archive of a data set. */
export interface Archive {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** In hexadecimal, from the authors' page. */
  readonly md5: string;
}

/** A data set in the CIFAR-10 binary version. */
export interface DatasetDescription {
  readonly name: DatasetName;
  /** Display name. */
  readonly title: string;
  /** Name of the folder of its files, inside the data directory. */
  readonly folder: string;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /** In the order of their examples. */
  readonly files: readonly DatasetFile[];
  /** Undefined for a data set that is generated. */
  readonly archive?: Archive;
}

/** The file in the folder that lists the class names. */
export const classNamesFile = 'batches.meta.txt';

/** Five files of training examples and one of test examples, like CIFAR-10. */
function batchFiles(recordsPerTrainingFile: number, testRecords: number): readonly DatasetFile[] {
  const training = [1, 2, 3, 4, 5].map((batch) => ({
    name: `data_batch_${batch}.bin`,
    split: 'train' as const,
    records: recordsPerTrainingFile,
  }));
  return [...training, { name: 'test_batch.bin', split: 'test', records: testRecords }];
}

export const datasets: Readonly<Record<DatasetName, DatasetDescription>> = {
  /** A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, chapter 3. */
  cifar10: {
    name: 'cifar10',
    title: 'CIFAR-10',
    folder: 'cifar-10-batches-bin',
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    files: batchFiles(10_000, 10_000),
    archive: {
      name: 'cifar-10-binary.tar.gz',
      url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      bytes: 170_052_171,
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
    },
  },
  /** Drawn by this program, for tests and for a first run without a network. */
  synthetic: {
    name: 'synthetic',
    title: 'the generated set (drawn, not CIFAR-10)',
    folder: 'synthetic-batches-bin',
    classes: [
      'circle',
      'square',
      'triangle',
      'cross',
      'ring',
      'star',
      'stripes',
      'checkerboard',
      'dots',
      'crescent',
    ],
    files: batchFiles(2_000, 2_000),
  },
};

export const datasetNames: readonly DatasetName[] = Object.keys(datasets) as readonly DatasetName[];
export const splits: readonly Split[] = ['train', 'test'];

export const aDataset: Check = anObjectWith('files', 'a data set: datasets.synthetic');

/** The files of one split, in order. */
export function filesOf(dataset: DatasetDescription, split: Split): readonly DatasetFile[] {
  return dataset.files.filter((file) => file.split === split);
}

/** The number of examples of one split. */
export function examplesIn(dataset: DatasetDescription, split: Split): number {
  return filesOf(dataset, split).reduce((sum, { records }) => sum + records, 0);
}
