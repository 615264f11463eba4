/** CIFAR-10: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, chapter 3. */
import { batchFiles, type DatasetDescription } from '../dataset.ts';

const classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

export const cifar10: DatasetDescription = {
  name: 'cifar10',
  title: 'CIFAR-10',
  folder: 'cifar-10-batches-bin',
  record: {
    labels: [{ name: 'class', bytes: 1, classes, namesFile: 'batches.meta.txt' }],
    image: [3, 32, 32],
  },
  labels: 'class',
  classes,
  files: batchFiles(10_000, 10_000),
  // Recipes for PyTorch use these values. On a copy made of JPEG files, we measured means of 0.4913, 0.4821, 0.4465 and
  // deviations of 0.2452, 0.2428, 0.2606. The deviations are smaller because JPEG smooths images.
  statistics: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
  archive: {
    name: 'cifar-10-binary.tar.gz',
    url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  },
  otherVersions: [
    {
      title: 'the Python version of CIFAR-10',
      folder: 'cifar-10-batches-py',
      archive: 'cifar-10-python.tar.gz',
      bytes: 170_498_071,
      files: ['batches.meta', 'data_batch_1'],
    },
    {
      title: 'the Matlab version of CIFAR-10',
      folder: 'cifar-10-batches-mat',
      archive: 'cifar-10-matlab.tar.gz',
      bytes: 175_965_443,
      files: ['data_batch_1.mat'],
    },
  ],
};
