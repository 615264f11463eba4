/** What a training or an evaluation does where its caller says nothing: the tutorial's values (r0.11), where it has them. */

export const trainingDefaults = {
  dataset: 'cifar10',
  /** Images of one step. */
  batchSize: 128,
  seed: 0,
  /** Share of the training examples kept out. */
  holdout: 0,
  engine: 'auto',
  precision: 'float32',
  /** Updates in total. */
  maxSteps: 1_000_000,
  /** Reader threads. */
  readers: 1,
  /** Updates from one checkpoint to the next. */
  checkpointSteps: 1000,
  /** Checkpoints kept. */
  keep: 5,
  /** Updates from one summary to the next. */
  summarySteps: 100,
} as const;

/** What the runs of a sweep have where its caller says nothing; otherwise the defaults of trainings. */
export const sweepDefaults = {
  holdout: 0.1,
  /** Updates of each run. */
  maxSteps: 1000,
  /** Checkpoints kept of each run, besides the best. */
  keep: 1,
} as const;

export const evaluationDefaults = {
  evalData: 'test',
  weights: 'ema',
  /** Images scored at most. */
  numExamples: 10_000,
  batchSize: 128,
  engine: 'auto',
  precision: 'float32',
  /** Seconds between two looks for new checkpoints. */
  evalIntervalSecs: 300,
} as const;
