/**
 * All data sets, by their name in flags and checkpoints. To add a data set, add a file in `datasets/`, its name to `dataset.ts`,
 * and an entry here.
 */
import { type DatasetDescription, type DatasetName, withLabels } from './dataset.ts';
import { cifar10 } from './datasets/cifar10.ts';
import { cifar100 } from './datasets/cifar100.ts';
import { synthetic } from './datasets/synthetic.ts';

/** The data sets of this package, by name. */
export const datasets: Readonly<Record<DatasetName, DatasetDescription>> = { cifar10, cifar100, synthetic };

/** The data set of a training run or download that does not name one. */
export const defaultDataset: DatasetName = 'cifar10';

export const datasetNames: readonly DatasetName[] = Object.keys(datasets) as readonly DatasetName[];

/** The names of the labels that can be selected: those of data sets with several labels per record. */
export const labelChoices: readonly string[] = [
  ...new Set(
    Object.values(datasets)
      .filter(({ record }) => record.labels.length > 1)
      .flatMap(({ record }) => record.labels.map(({ name }) => name))
      .reverse(),
  ),
];

/** A data set as a request specifies it. */
export interface DatasetChoice {
  readonly dataset?: DatasetName | undefined;
  /** The label of its records that is used as the class. */
  readonly labels?: string | undefined;
}

/** Returns the requested data set, or else that of the checkpoint, or else `otherwise`. If the data set stays the same, so do its
 * labels, unless others are requested.
 * @param before the data set of the checkpoint that is resumed or evaluated, if there is one
 * @throws UsageError when the data set has no such labels */
export function chooseDataset(
  { dataset, labels }: DatasetChoice,
  before: DatasetDescription | undefined,
  otherwise: DatasetName,
): DatasetDescription {
  const isSame = before !== undefined && (dataset === undefined || dataset === before.name);
  return withLabels(isSame ? before : datasets[dataset ?? otherwise], labels);
}
