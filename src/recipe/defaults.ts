/** The defaults of the training and evaluation options: the values of the tutorial (r0.11) where it has them. */

import { defaultDataset } from '../data/datasets.ts';

export const trainingDefaults = {
  dataset: defaultDataset as typeof defaultDataset,
  /** The number of images per step. */
  batchSize: 128,
  seed: 0,
  /** The fraction of the training examples that is held out. */
  holdout: 0,
  engine: 'auto',
  precision: 'float32',
  device: 'cpu',
  towers: 'auto',
  /** The total number of updates. */
  maxSteps: 1_000_000,
  /** The number of reader threads. */
  readers: 1,
  /** The number of updates between checkpoints. */
  checkpointSteps: 1000,
  /** The number of checkpoints to keep. */
  keep: 5,
  /** The number of updates between summaries. */
  summarySteps: 100,
} as const;

/** The defaults for the runs of a sweep, where they differ from those of `train`. */
export const sweepDefaults = {
  holdout: 0.1,
  /** The number of updates of each run. */
  maxSteps: 1000,
  /** The number of checkpoints to keep for each run, besides the best. */
  keep: 1,
} as const;

export const evaluationDefaults = {
  evalData: 'test',
  weights: 'ema',
  /** The maximum number of images to score. */
  numExamples: 10_000,
  batchSize: 128,
  engine: 'auto',
  precision: 'float32',
  device: 'cpu',
  /** The number of seconds between checks for new checkpoints. */
  evalIntervalSecs: 300,
} as const;
