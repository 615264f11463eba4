/** The flags that say which data is used: the group “Data” of the help. */
import { datasetNames, defaultDataset, labelChoices } from '../../data/datasets.ts';
import { runBounds } from '../../run/run-options.ts';

export const dataFlags = {
  dataDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_data',
    help: 'folder of the data sets',
    helpFor: {
      import: 'folder for the records of the pictures',
      export: 'folder of the data sets, whose test pictures check the export (default: /tmp/cifar10_data)',
    },
    group: 'Data',
    inSweep: 'same',
    commands: ['download', 'import', 'train', 'eval', 'export', 'doctor'],
  },
  dataset: {
    kind: 'choice',
    choices: datasetNames as typeof datasetNames,
    default: defaultDataset as typeof defaultDataset,
    fromCheckpoint: ['eval'],
    help: 'data set (synthetic is generated if it is missing); for your own pictures, use --data instead',
    group: 'Data',
    inSweep: 'same',
    commands: ['download', 'train', 'eval'],
  },
  labels: {
    kind: 'choice',
    choices: labelChoices as typeof labelChoices,
    help: 'labels of cifar100: the 100 fine classes (default) or the 20 coarse ones',
    helpFor: { eval: 'labels of cifar100 (default: those of the checkpoint)' },
    group: 'Data',
    inSweep: 'same',
    commands: ['download', 'train', 'eval', 'inspect'],
  },
  url: {
    kind: 'string',
    valueName: 'address',
    help: "mirror to download the archive from, instead of the authors' page",
    group: 'Data',
    commands: ['download'],
  },
  tarball: {
    kind: 'string',
    valueName: 'file',
    help: 'path of an archive to use instead of downloading it',
    group: 'Data',
    commands: ['download'],
  },
  evalData: {
    kind: 'choice',
    valueName: 'images',
    choices: ['test', 'train_eval', 'validation'],
    default: 'test',
    help: 'test, train_eval (training images, undistorted) or validation (the images held out with --holdout)',
    group: 'Data',
    commands: ['eval'],
  },
  numExamples: {
    kind: 'integer',
    valueName: 'images',
    minimum: 1,
    default: 10_000,
    help: 'maximum number of images to evaluate, each at most once',
    group: 'Data',
    commands: ['eval'],
  },
  holdout: {
    kind: 'number',
    valueName: 'share',
    minimum: runBounds.holdout.minimum as number,
    maximum: runBounds.holdout.maximum as number,
    default: 0,
    help: 'fraction of the training images to hold out, equal for every class',
    helpFor: {
      sweep: 'fraction of the training images to hold out, to compare the runs on (default: 0.1)',
    },
    group: 'Data',
    inSweep: 'same',
    commands: ['train'],
  },
} as const;
