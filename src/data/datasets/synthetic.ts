/** The generated set, which this program draws (`synthetic/`) for tests and for a first run without network access. */
import { batchFiles, type DatasetDescription } from '../dataset.ts';

const classes = [
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
] as const;

export const synthetic: DatasetDescription = {
  name: 'synthetic',
  title: 'the generated set (drawn, not CIFAR-10)',
  isDrawn: true,
  folder: 'synthetic-batches-bin',
  record: {
    labels: [{ name: 'class', bytes: 1, classes, namesFile: 'batches.meta.txt' }],
    image: [3, 32, 32],
  },
  labels: 'class',
  classes,
  files: batchFiles(2_000, 2_000),
  // These values were measured on the training images.
  statistics: { mean: [0.4565, 0.4527, 0.4589], deviation: [0.2261, 0.2292, 0.2254] },
};
