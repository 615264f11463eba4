/** Descriptions of data sets. All code that reads, checks, draws or names a data set uses its description. */

import { anObjectWith, type Check, unexpectedName } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import type { LabelField, RecordLayout } from './record.ts';

/** The data sets that are part of this program (datasets.ts). */
export type DatasetName = 'cifar10' | 'cifar100' | 'synthetic';
/** The name of every data set that was made of the user's own pictures. */
export type PicturesName = 'pictures';
/** `validation` occurs only in data sets of the user's own pictures. */
export type Split = 'train' | 'test' | 'validation';

/** A file of a data set. */
export interface DatasetFile {
  readonly name: string;
  readonly split: Split;
  /** The number of records in the file. */
  readonly records: number;
  /** The SHA-256 checksum of the file in hexadecimal, which is verified when the file is read. Data sets that are downloaded are
   * verified once, by the checksum of their archive. */
  readonly sha256?: string;
}

/** The archive from which a data set is downloaded. */
export interface Archive {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** The MD5 checksum in hexadecimal, from the web page of the authors. */
  readonly md5: string;
}

/** Another version of a data set, which this program cannot read. */
export interface OtherVersion {
  /** A title such as `the Python version of CIFAR-10`. */
  readonly title: string;
  readonly folder: string;
  readonly archive: string;
  /** The size of the archive, if it is known. */
  readonly bytes?: number;
  /** The files by which its folder is recognized. All of them must exist. */
  readonly files: readonly string[];
}

/** The mean and the standard deviation of each channel of the training images, for values of 0 … 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A data set in the binary version of CIFAR. It is plain data, because reader threads receive it. */
export interface DatasetDescription {
  readonly name: DatasetName | PicturesName;
  /** The name as it is displayed. */
  readonly title: string;
  /** The name of the folder with the files of the data set, inside the data folder. */
  readonly folder: string;
  readonly record: RecordLayout;
  /** The name of the label whose value is the class of an example. */
  readonly labels: string;
  /** The names of the 2 to 1,000 classes of that label. */
  readonly classes: readonly string[];
  /** The files, in the order of their examples. The list is empty if only a checkpoint describes the data set. */
  readonly files: readonly DatasetFile[];
  readonly statistics: ChannelStatistics;
  /** The archive to download, or undefined for a data set that cannot be downloaded. */
  readonly archive?: Archive;
  /** Whether this program generates the data set. */
  readonly isDrawn?: boolean;
  readonly otherVersions?: readonly OtherVersion[];
  /** Where the data set comes from, if it was made of the user's own pictures. */
  readonly origin?: PicturesOrigin;
}

/** Where a data set of pictures comes from. With the same pictures, the same origin gives the same records. */
export interface PicturesOrigin {
  /** The absolute path of the folder or the CSV file with the pictures, or of a data folder that they were imported to. */
  readonly source: string;
  /** The absolute path of the folder that contains the records, if it is not the usual one. */
  readonly cache: string | undefined;
  /** The fraction of the pictures of every class that are test images, if the source does not say which are. */
  readonly testShare: number;
  readonly splitSeed: number;
}

/** Returns the description of a data set in which another label of its records is used as the class.
 * @param labels the name of the label, or undefined for the default
 * @throws UsageError when the data set has no such label */
export function withLabels(dataset: DatasetDescription, labels: string | undefined): DatasetDescription {
  aDataset('dataset', dataset);
  if (labels === undefined || labels === dataset.labels) return dataset;
  const { title, record } = dataset;
  const names = record.labels.map(({ name }) => name);
  const field = record.labels.find(({ name }) => name === labels);
  if (field !== undefined) return { ...dataset, labels, classes: field.classes };
  if (names.length > 1) throw unexpectedName('labels', labels, names);
  throw new UsageError(
    `\`labels\`: ${title} has one label per image; leave it out, or give another \`dataset\``,
  );
}

/** Returns the names of the classes of one label of the records. */
export function classesOf(dataset: DatasetDescription, field: LabelField): readonly string[] {
  return field.name === dataset.labels ? dataset.classes : field.classes;
}

export const splits: readonly Split[] = ['train', 'test', 'validation'];

export const aDataset: Check = anObjectWith('files', 'a data set: datasets.synthetic');

/** Returns the files of a split, in order. */
export function filesOf(dataset: DatasetDescription, split: Split): readonly DatasetFile[] {
  return dataset.files.filter((file) => file.split === split);
}

/** Returns the number of examples of a split. */
export function examplesIn(dataset: DatasetDescription, split: Split): number {
  return filesOf(dataset, split).reduce((sum, { records }) => sum + records, 0);
}

/** Describes five files of training examples and one of test examples, as in CIFAR-10. */
export function batchFiles(recordsPerTrainingFile: number, testRecords: number): readonly DatasetFile[] {
  const training = [1, 2, 3, 4, 5].map((batch) => ({
    name: `data_batch_${batch}.bin`,
    split: 'train' as const,
    records: recordsPerTrainingFile,
  }));
  return [...training, { name: 'test_batch.bin', split: 'test', records: testRecords }];
}
