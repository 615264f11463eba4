/** Every flag of the program, one record each. Types, parsing, refusals and help all follow from this table. */
import { type EngineName, engineNames, precisions } from '../engine/offers.ts';
import type { CommandName, Flag, FlagValue } from './flag.ts';
import { type RecipeFlags, recipeFlags } from './recipe-flags.ts';

const engineChoices: readonly ('auto' | EngineName)[] = ['auto', ...engineNames];

const ownFlags = {
  dataDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_data',
    help: 'where the data sets are',
    group: 'Data',
    commands: ['download', 'train', 'eval', 'doctor'],
  },
  dataset: {
    kind: 'choice',
    choices: ['cifar10', 'synthetic'],
    default: 'cifar10',
    fromCheckpoint: ['eval'],
    help: 'which data set; synthetic is drawn by the program where it is missing',
    group: 'Data',
    commands: ['download', 'train', 'eval'],
  },
  url: {
    kind: 'string',
    valueName: 'address',
    help: 'a mirror to take the archive from, instead of the page of its authors',
    group: 'Data',
    commands: ['download'],
  },
  tarball: {
    kind: 'string',
    valueName: 'file',
    help: 'an archive that is on the disk already',
    group: 'Data',
    commands: ['download'],
  },
  evalData: {
    kind: 'choice',
    valueName: 'images',
    choices: ['test', 'train_eval', 'validation'],
    default: 'test',
    help: 'test, train_eval (training images, undistorted) or validation (those that --holdout kept out)',
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
    // More would take more memory than machines have: about 2 MB an image.
    maximum: 16_384,
    default: 128,
    help: 'images of a batch, which is one step of training',
    helpFor: {
      eval: 'images that are evaluated at once; the result is the same for every number (default: 128)',
      bench: 'images of a batch (default: 32, 128 and 512 in turn)',
    },
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
  epochs: {
    kind: 'number',
    valueName: 'epochs',
    minimum: 0.001,
    help: 'passes over the training images in total, instead of --max-steps',
    group: 'Computing',
    commands: ['train'],
  },
  steps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 20,
    help: 'steps to time of each, after the warm-up',
    group: 'Computing',
    commands: ['bench'],
  },
  profile: {
    kind: 'boolean',
    default: false,
    help: 'where the time of a step goes: by operator, layer and what is only moved about',
    group: 'What is printed',
    commands: ['bench'],
  },
  peers: {
    kind: 'string',
    valueName: 'program',
    help: 'time another program in turn with ours, such as bench/peers/torch_step.py: it prints JSON lines with variant and images_per_sec',
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
    choices: engineChoices as typeof engineChoices,
    default: 'auto',
    help: 'what computes; auto takes the fastest that works here, or on a resume what the run had',
    helpFor: {
      eval: 'what computes; auto, the default, takes the fastest that works here',
      bench: 'which engine to measure (default: every one)',
    },
    group: 'Computing',
    commands: ['train', 'eval', 'bench'],
  },
  precision: {
    kind: 'choice',
    valueName: 'type',
    choices: precisions as typeof precisions,
    laterChoices: ['float16'],
    default: 'float32',
    help: 'float32, or bfloat16 for activations and matrix work where the CPU has it (engine onednn)',
    helpFor: { bench: 'which precision to measure (default: every one)' },
    group: 'Computing',
    commands: ['train', 'eval', 'bench'],
  },
  readers: {
    kind: 'integer',
    valueName: 'threads',
    minimum: 1,
    maximum: 64,
    default: 1,
    help: 'threads that prepare batches; the batches are the same for every number',
    group: 'Computing',
    commands: ['train'],
  },
  initFrom: {
    kind: 'string',
    valueName: 'checkpoint',
    help: 'a checkpoint file of another run whose weights a new run starts from',
    group: 'Recipe',
    commands: ['train'],
  },
  holdout: {
    kind: 'number',
    valueName: 'share',
    minimum: 0,
    maximum: 0.9,
    default: 0,
    help: 'share of the training images kept out of training, the same of every class',
    group: 'Data',
    commands: ['train'],
  },
  evalEvery: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    help: 'score the held out images every so many steps, and keep the best checkpoint in <train-dir>/best',
    group: 'What is kept',
    commands: ['train'],
  },
  restart: {
    kind: 'boolean',
    default: false,
    help: 'move the run in the folder aside and start anew',
    group: 'What is kept',
    commands: ['train'],
  },
  trainDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'where checkpoints go; if it holds some, the run resumes from the newest',
    helpFor: { doctor: 'the train folder to examine (default: /tmp/cifar10_train)' },
    group: 'What is kept',
    commands: ['train', 'doctor'],
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
  summarySteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 0,
    default: 100,
    help: 'steps from one summary for TensorBoard to the next; 0 for none',
    group: 'What is kept',
    commands: ['train'],
  },
  full: {
    kind: 'boolean',
    default: false,
    help: 'of the graph every node of a training step, instead of a row a layer',
    group: 'What is printed',
    commands: ['inspect'],
  },
  quiet: {
    kind: 'boolean',
    default: false,
    help: 'print results, warnings and errors only',
    group: 'What is printed',
    commands: ['download', 'train', 'eval', 'inspect', 'doctor', 'bench'],
  },
  json: {
    kind: 'boolean',
    default: false,
    help: 'print one JSON object a line instead of text (docs/json.md)',
    group: 'What is printed',
    commands: ['download', 'train', 'eval', 'inspect', 'doctor', 'bench'],
  },
  checkpointDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'a training folder, of which the newest checkpoint is evaluated, or one checkpoint file',
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
    help: 'evaluate the newest checkpoint and leave; else watch for new ones until Ctrl-C',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  evalIntervalSecs: {
    kind: 'number',
    valueName: 'seconds',
    minimum: 0.1,
    maximum: 86_400,
    default: 300,
    help: 'how often to look for new checkpoints',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  report: {
    kind: 'boolean',
    default: false,
    help: 'precision and recall of every class and the confusion matrix; files with every prediction',
    group: 'What is printed',
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
    help: 'also write the measurements to this file, as JSON',
    group: 'What is kept',
    commands: ['bench'],
  },

  device: { notYetAvailable: true },
  logDevicePlacement: { notYetAvailable: true, boolean: true },
  numGpus: { notYetAvailable: true },
  towers: { notYetAvailable: true },
  useFp16: { notYetAvailable: true, boolean: true },
} as const;

/** The table's type. Naming it here makes a record that is not a Flag a compile error. */
export type FlagTable = Checked<typeof ownFlags & RecipeFlags>;
type Checked<Table extends Readonly<Record<string, Flag>>> = Table;

export const flagTable: FlagTable = { ...ownFlags, ...recipeFlags };

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
export type DownloadFlags = FlagsOf<'download'>;
export type InspectFlags = FlagsOf<'inspect'>;
export type DoctorFlags = FlagsOf<'doctor'>;
