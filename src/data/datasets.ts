/** All data sets, by their name in flags and checkpoints. A new one is a file in `datasets/`, a name and an entry here. */
import type { DatasetDescription, DatasetName } from './dataset.ts';
import { cifar10 } from './datasets/cifar10.ts';
import { cifar100 } from './datasets/cifar100.ts';
import { synthetic } from './datasets/synthetic.ts';

export const datasets: Readonly<Record<DatasetName, DatasetDescription>> = { cifar10, cifar100, synthetic };

export const datasetNames: readonly DatasetName[] = Object.keys(datasets) as readonly DatasetName[];

/** Names of labels that can be chosen: those of data sets with several per record. */
export const labelChoices: readonly string[] = [
  ...new Set(
    Object.values(datasets)
      .filter(({ record }) => record.labels.length > 1)
      .flatMap(({ record }) => record.labels.map(({ name }) => name))
      .reverse(),
  ),
];
