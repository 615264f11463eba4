/** Every flag of the program, one record each. Types, parsing, refusals and help all follow from this table. */
import type { CommandName, Flag, FlagValue } from './flag.ts';

export const flagTable = {
  dataDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_data',
    help: 'where the data sets are',
    group: 'Data',
    commands: ['train', 'eval', 'bench'],
  },
  dataset: {
    kind: 'choice',
    choices: ['cifar10', 'synthetic'],
    default: 'cifar10',
    fromCheckpoint: ['eval'],
    help: 'which data set; synthetic is drawn by the program where it is missing',
    group: 'Data',
    commands: ['train', 'eval'],
  },
  evalData: {
    kind: 'choice',
    choices: ['test', 'train_eval'],
    laterChoices: ['validation'],
    default: 'test',
    help: 'evaluate on the test images, or on the training images without distortion',
    group: 'Data',
    commands: ['eval'],
  },
  numExamples: {
    kind: 'integer',
    valueName: 'images',
    minimum: 1,
    default: 10_000,
    help: 'how many images to evaluate, each at most once',
    group: 'Data',
    commands: ['eval'],
  },
  batchSize: {
    kind: 'integer',
    valueName: 'images',
    minimum: 1,
    default: 128,
    help: 'images of a batch, which is one step of training',
    group: 'Computing',
    commands: ['train', 'eval', 'bench'],
  },
  maxSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 1_000_000,
    help: 'steps in total, those before a resume included',
    group: 'Computing',
    commands: ['train'],
  },
  steps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 20,
    help: 'steps to time, after the warm-up',
    group: 'Computing',
    commands: ['bench'],
  },
  seed: {
    kind: 'integer',
    valueName: 'seed',
    minimum: 0,
    maximum: 9_007_199_254_740_991,
    default: 0,
    help: 'decides initial weights, order and distortions; the same seed gives the same run',
    group: 'Computing',
    commands: ['train'],
  },
  engine: {
    kind: 'choice',
    choices: ['auto', 'onnx'],
    laterChoices: ['onednn'],
    default: 'auto',
    help: 'what computes; auto takes the fastest that works here',
    group: 'Computing',
    commands: ['train', 'eval', 'bench'],
  },
  trainDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'where checkpoints go; if it holds some, the run goes on from the newest',
    group: 'What is kept',
    commands: ['train'],
  },
  checkpointSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 1000,
    help: 'steps from one checkpoint to the next; one is also saved at the end',
    group: 'What is kept',
    commands: ['train'],
  },
  keep: {
    kind: 'integer',
    valueName: 'checkpoints',
    minimum: 0,
    default: 5,
    help: 'how many checkpoints stay, the newest; 0 keeps all',
    group: 'What is kept',
    commands: ['train'],
  },
  logFrequency: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 10,
    help: 'steps from one line of progress to the next',
    group: 'What is printed',
    commands: ['train'],
  },
  checkpointDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'the training folder whose newest checkpoint is evaluated',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  weights: {
    kind: 'choice',
    choices: ['ema', 'raw'],
    default: 'ema',
    help: 'evaluate the moving averages of the weights, or the weights as trained last',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  runOnce: {
    kind: 'boolean',
    default: false,
    help: 'evaluate the newest checkpoint and leave; this version needs it',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  evalDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_eval',
    help: 'where results go',
    group: 'What is kept',
    commands: ['eval'],
  },
  out: {
    kind: 'string',
    valueName: 'file',
    help: 'also write the measurements there, as JSON',
    group: 'What is kept',
    commands: ['bench'],
  },

  clipNorm: { notYetAvailable: true },
  device: { notYetAvailable: true },
  evalEvery: { notYetAvailable: true },
  evalIntervalSecs: { notYetAvailable: true },
  holdout: { notYetAvailable: true },
  initFrom: { notYetAvailable: true },
  json: { notYetAvailable: true, boolean: true },
  learningRate: { notYetAvailable: true },
  learningRateDecayFactor: { notYetAvailable: true },
  logDevicePlacement: { notYetAvailable: true, boolean: true },
  movingAverageDecay: { notYetAvailable: true },
  numEpochsPerDecay: { notYetAvailable: true },
  numGpus: { notYetAvailable: true },
  peers: { notYetAvailable: true },
  precision: { notYetAvailable: true },
  profile: { notYetAvailable: true },
  quiet: { notYetAvailable: true, boolean: true },
  readers: { notYetAvailable: true },
  report: { notYetAvailable: true },
  restart: { notYetAvailable: true, boolean: true },
  summarySteps: { notYetAvailable: true },
  tarball: { notYetAvailable: true },
  towers: { notYetAvailable: true },
  url: { notYetAvailable: true },
  useFp16: { notYetAvailable: true, boolean: true },
  weightDecay: { notYetAvailable: true },
} as const;

/** The table's type. Naming it here makes a record that is no Flag an error of the compiler. */
export type FlagTable = Checked<typeof flagTable>;
type Checked<Table extends Readonly<Record<string, Flag>>> = Table;

/** What a command is given: a property for each of its flags. */
export type FlagsOf<C extends CommandName> = {
  readonly [Name in keyof FlagTable as BelongsTo<FlagTable[Name], C> extends true ? Name : never]: FlagValue<
    FlagTable[Name],
    C
  >;
};
type BelongsTo<F, C> = F extends { commands: readonly (infer Of)[] } ? (C extends Of ? true : false) : false;

export type TrainFlags = FlagsOf<'train'>;
export type EvalFlags = FlagsOf<'eval'>;
export type BenchFlags = FlagsOf<'bench'>;
