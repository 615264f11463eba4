/** All flags of the program, one record each. Types, parsing, errors and help derive from this table. */

import { collectiveNames } from '../collective/mpi/start-mpi.ts';
import { datasetNames, defaultDataset, labelChoices } from '../data/datasets.ts';
import { engineChoices, precisions } from '../engine/offers.ts';
import { exportFormatNames, weightNameChoices } from '../export/format.ts';
import { augmentationNames } from '../input/augmentations.ts';
import { normalizationNames } from '../input/normalization.ts';
import { networkNames } from '../model/networks.ts';
import { recipeBounds } from '../recipe/recipe.ts';
import { recipeNames } from '../recipe/recipes.ts';
import { scalingNames } from '../recipe/scale-learning-rate.ts';
import { pictureBounds } from '../run/run-data.ts';
import { runBounds } from '../run/run-options.ts';
import { alternatives } from '../wording.ts';
import type { CommandName, Flag, FlagValue } from './flag.ts';
import { type RecipeFlags, recipeFlags } from './recipe-flags.ts';

const ownFlags = {
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
  from: {
    kind: 'string',
    valueName: 'folder|file',
    help: 'pictures: a folder with a folder for each class, or a CSV file with the columns path and label',
    group: 'Data',
    commands: ['import'],
  },
  data: {
    kind: 'string',
    valueName: 'folder|file',
    help: 'your own pictures, instead of --dataset: a folder with a folder for each class, a CSV file with the columns path and label, or a folder that import wrote',
    helpFor: { eval: 'pictures to evaluate on (default: those of the checkpoint)' },
    group: 'Data',
    inSweep: 'same',
    commands: ['train', 'eval'],
  },
  imageSize: {
    kind: 'integer',
    valueName: 'pixels',
    minimum: pictureBounds.imageSize.minimum as number,
    maximum: pictureBounds.imageSize.maximum as number,
    help: 'height and width of the images that are made of your own pictures (default: 32)',
    group: 'Data',
    inSweep: 'same',
    commands: ['import', 'train'],
  },
  testShare: {
    kind: 'number',
    valueName: 'share',
    minimum: pictureBounds.testShare.minimum as number,
    maximum: pictureBounds.testShare.maximum as number,
    help: 'fraction of your own pictures of each class that are test images, if they have no test folder (default: 0.2)',
    group: 'Data',
    inSweep: 'same',
    commands: ['import', 'train'],
  },
  splitSeed: {
    kind: 'integer',
    valueName: 'seed',
    minimum: pictureBounds.splitSeed.minimum as number,
    maximum: pictureBounds.splitSeed.maximum as number,
    help: 'seed that selects these test images (default: 0)',
    group: 'Data',
    inSweep: 'same',
    commands: ['import', 'train'],
  },
  cache: {
    kind: 'string',
    valueName: 'folder',
    help: 'folder for the records of your own pictures (default: beside them, <data>.cifar10)',
    group: 'Data',
    inSweep: 'same',
    commands: ['train', 'eval'],
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
  batchSize: {
    kind: 'integer',
    valueName: 'images',
    minimum: recipeBounds.batchSize.minimum as number,
    maximum: recipeBounds.batchSize.maximum as number,
    default: 128,
    help: 'images per training step',
    helpFor: {
      eval: 'images evaluated at once, which does not affect the result (default: 128)',
      predict: 'pictures computed at once, which affects results only by rounding (default: 128)',
      bench: 'images per batch (default: 32, 128 and 512)',
    },
    group: 'Computing',
    commands: ['train', 'eval', 'predict', 'bench'],
  },
  maxSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 1_000_000,
    help: 'total number of steps, including those before a resume',
    helpFor: { sweep: 'number of steps of each run (default: 1000)' },
    group: 'Computing',
    inSweep: 'same',
    commands: ['train'],
  },
  epochs: {
    kind: 'number',
    valueName: 'epochs',
    minimum: recipeBounds.epochs.minimum as number,
    help: 'total number of passes over the training images, instead of --max-steps',
    helpFor: { sweep: 'number of passes of each run over its training images, instead of --max-steps' },
    group: 'Computing',
    inSweep: 'same',
    commands: ['train'],
  },
  steps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 20,
    help: 'steps to time per variant, after the warm-up',
    group: 'Computing',
    commands: ['bench'],
  },
  profile: {
    kind: 'boolean',
    default: false,
    help: 'show the time of a step by operator, layer and data movement',
    group: 'What is printed',
    commands: ['bench'],
  },
  peers: {
    kind: 'string',
    valueName: 'program',
    help: 'alternate with another program that prints JSON lines with variant and images_per_sec, such as bench/peers/torch_step.py',
    group: 'Computing',
    commands: ['bench'],
  },
  seed: {
    kind: 'integer',
    valueName: 'seed',
    minimum: runBounds.seed.minimum as number,
    maximum: runBounds.seed.maximum as number,
    default: 0,
    help: 'seed of initial weights, order and distortions; the same seed gives the same run',
    group: 'Computing',
    commands: ['train'],
  },
  engine: {
    kind: 'choice',
    choices: engineChoices as typeof engineChoices,
    default: 'auto',
    help: 'engine; auto uses the fastest that works here, or that of the run when resuming',
    helpFor: {
      eval: 'engine; auto, the default, uses the fastest that works here',
      predict: 'engine; auto, the default, uses the fastest that works here, and onnx for an ONNX file',
      bench: 'engine to measure (default: all)',
    },
    group: 'Computing',
    inSweep: 'same',
    commands: ['train', 'eval', 'predict', 'bench'],
  },
  precision: {
    kind: 'choice',
    valueName: 'type',
    choices: precisions as typeof precisions,
    laterChoices: ['float16'],
    default: 'float32',
    help: 'float32, or bfloat16 for activations and matrix operations on CPUs that support it (engine onednn)',
    helpFor: { bench: 'precision to measure (default: all)' },
    group: 'Computing',
    commands: ['train', 'eval', 'predict', 'bench'],
  },
  readers: {
    kind: 'integer',
    valueName: 'threads',
    minimum: 1,
    maximum: 64,
    default: 1,
    help: 'number of threads that prepare batches, which does not affect the batches',
    group: 'Computing',
    inSweep: 'same',
    commands: ['train'],
  },
  recipe: {
    kind: 'string',
    valueName: 'name|file',
    help: `${alternatives(recipeNames)}, or the path of a .toml file, such as the recipe.toml of a run; other flags override it` as string,
    helpFor: {
      inspect: 'with graph: recipe whose network to show (default: tutorial)',
      bench: 'recipe to measure (default: tutorial)',
    },
    group: 'Recipe',
    commands: ['train', 'inspect', 'bench'],
  },
  network: {
    kind: 'string',
    valueName: 'name',
    help: `${alternatives(networkNames)}; name:key=value,… changes the numbers of its configuration` as string,
    helpFor: {
      inspect: 'with graph: network to show (default: that of the recipe)',
      bench: 'network to measure (default: that of the recipe)',
    },
    group: 'Recipe',
    commands: ['train', 'inspect', 'bench'],
  },
  augmentation: {
    kind: 'choice',
    valueName: 'name',
    choices: augmentationNames as typeof augmentationNames,
    default: 'tutorial',
    help: `how training images are augmented: ${alternatives(augmentationNames)}` as string,
    group: 'Recipe',
    helpFor: { inspect: 'augmentation for --pictures (default: tutorial)' },
    commands: ['train', 'inspect'],
  },
  normalization: {
    kind: 'choice',
    valueName: 'name',
    choices: normalizationNames as typeof normalizationNames,
    default: 'per_image',
    help: `how the values of an image are scaled: ${alternatives(normalizationNames)}` as string,
    group: 'Recipe',
    commands: ['train'],
  },
  scaleLearningRate: {
    kind: 'choice',
    choices: scalingNames as typeof scalingNames,
    default: 'none',
    help: "linear multiplies the learning rate by --batch-size divided by the recipe's batch size, and adds a warm-up of 5 epochs",
    group: 'Recipe',
    commands: ['train'],
  },
  initFrom: {
    kind: 'string',
    valueName: 'path',
    help: 'train folder, .safetensors file or TensorFlow checkpoint, whose weights become the initial weights of a new run',
    group: 'Recipe',
    inSweep: 'same',
    commands: ['train'],
  },
  freeze: {
    kind: 'string',
    valueName: 'layers',
    help: 'layers that keep their weights, such as conv1,conv2 (* matches any text); with --init-from, to train only the last layers',
    group: 'Recipe',
    inSweep: 'same',
    commands: ['train'],
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
  evalEvery: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    help: 'steps between validations on the held-out images (default: at the end of every epoch), besides the one at the end; the best checkpoint is kept in <train-dir>/best',
    group: 'What is kept',
    inSweep: 'same',
    commands: ['train'],
  },
  findLearningRate: {
    kind: 'boolean',
    default: false,
    help: 'instead of training, try 100 growing learning rates, plot the loss and propose a rate (writes no files)',
    group: 'Computing',
    inSweep: { refused: 'it is a separate test; in a sweep use a list of values for `learningRate`' },
    commands: ['train'],
  },
  restart: {
    kind: 'boolean',
    default: false,
    help: 'move the existing run aside and start over',
    group: 'What is kept',
    inSweep: { refused: 'a sweep starts over in another `sweepDir`' },
    commands: ['train'],
  },
  trainDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'folder for checkpoints; if it contains some, the run resumes from the newest',
    helpFor: { doctor: 'train folder to check (default: /tmp/cifar10_train)' },
    group: 'What is kept',
    inSweep: { refused: 'every run has a folder of its own in `sweepDir`' },
    commands: ['train', 'doctor'],
  },
  sweepDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_sweep',
    help: 'folder for the runs, each in a folder of its own; runs that it contains are not repeated',
    group: 'What is kept',
    commands: ['sweep'],
  },
  checkpointSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 1000,
    help: 'steps between checkpoints (one is also saved at the end)',
    group: 'What is kept',
    inSweep: 'same',
    commands: ['train'],
  },
  keep: {
    kind: 'integer',
    valueName: 'checkpoints',
    minimum: 0,
    default: 5,
    help: 'number of newest checkpoints to keep; 0 keeps all',
    helpFor: {
      sweep: 'number of newest checkpoints of each run to keep, besides the best (default: 1); 0 keeps all',
    },
    group: 'What is kept',
    inSweep: 'same',
    commands: ['train'],
  },
  logFrequency: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    default: 10,
    help: 'steps between progress lines',
    helpFor: { sweep: 'steps between progress lines (default: none)' },
    group: 'What is printed',
    inSweep: 'same',
    commands: ['train'],
  },
  summarySteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 0,
    default: 100,
    help: 'steps between summaries for TensorBoard; 0 for none',
    group: 'What is kept',
    inSweep: 'same',
    commands: ['train'],
  },
  pictures: {
    kind: 'string',
    valueName: 'file',
    help: 'write a .png or .html file with examples of each class of a data folder, as stored and as augmented by --augmentation',
    group: 'What is kept',
    commands: ['inspect'],
  },
  full: {
    kind: 'boolean',
    default: false,
    help: 'show every node of a training step, instead of one row per layer',
    group: 'What is printed',
    commands: ['inspect'],
  },
  quiet: {
    kind: 'boolean',
    default: false,
    help: 'only print results, warnings and errors',
    group: 'What is printed',
    commands: [
      'download',
      'import',
      'train',
      'eval',
      'predict',
      'sweep',
      'export',
      'inspect',
      'doctor',
      'bench',
    ],
  },
  json: {
    kind: 'boolean',
    default: false,
    help: 'print one JSON object per line instead of text (docs/json.md)',
    group: 'What is printed',
    commands: [
      'download',
      'import',
      'train',
      'eval',
      'predict',
      'sweep',
      'export',
      'inspect',
      'doctor',
      'bench',
    ],
  },
  checkpointDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'training folder, whose newest checkpoint is evaluated, or a checkpoint file',
    helpFor: {
      predict:
        'training folder, whose newest checkpoint is used, a checkpoint file, or an exported .onnx or .safetensors file (default: /tmp/cifar10_train)',
      export: 'the same as the argument <run> (default: /tmp/cifar10_train)',
    },
    group: 'Checkpoint',
    commands: ['eval', 'predict', 'export'],
  },
  weights: {
    kind: 'choice',
    choices: ['ema', 'raw'],
    default: 'ema',
    help: 'use the moving averages of the weights (if the run keeps them), or the weights themselves',
    helpFor: {
      export:
        'export the moving averages of the weights (if the run keeps them, the default), or the weights themselves',
    },
    group: 'Checkpoint',
    commands: ['eval', 'predict', 'export'],
  },
  runOnce: {
    kind: 'boolean',
    default: false,
    help: 'evaluate the newest checkpoint and exit; otherwise watch for new ones until Ctrl-C',
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
    help: 'print precision and recall per class and the confusion matrix; write files with every prediction',
    group: 'What is printed',
    commands: ['eval'],
  },
  topK: {
    kind: 'integer',
    valueName: 'classes',
    minimum: 1,
    default: 5,
    help: 'number of classes to show for each picture, the most probable first',
    group: 'What is printed',
    commands: ['predict'],
  },
  tta: {
    kind: 'boolean',
    default: false,
    help: 'average over each picture and its mirror image, if the model was trained with flipped images',
    group: 'Computing',
    commands: ['predict'],
  },
  csv: {
    kind: 'boolean',
    default: false,
    help: 'print CSV: a line with the names of the columns, then one line for each picture',
    group: 'What is printed',
    commands: ['predict'],
  },
  evalDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_eval',
    help: 'folder for results',
    helpFor: {
      export: 'folder of evaluation results to quote in the model card (default: /tmp/cifar10_eval)',
    },
    group: 'What is kept',
    commands: ['eval', 'export'],
  },
  format: {
    kind: 'choice',
    valueName: 'format',
    choices: exportFormatNames as typeof exportFormatNames,
    help: `${alternatives(exportFormatNames)} (default: by the ending of --output, or onnx)` as string,
    group: 'What is kept',
    commands: ['export'],
  },
  output: {
    kind: 'string',
    valueName: 'path',
    help: 'file or folder to write (default: model.onnx, model.safetensors or model)',
    group: 'What is kept',
    commands: ['export'],
  },
  names: {
    kind: 'choice',
    choices: weightNameChoices as typeof weightNameChoices,
    help: 'with safetensors: names and layouts of the weights, those of cifar10 (default) or of a PyTorch module',
    group: 'What is kept',
    commands: ['export'],
  },
  force: {
    kind: 'boolean',
    default: false,
    help: 'replace existing files',
    group: 'What is kept',
    commands: ['export'],
  },
  out: {
    kind: 'string',
    valueName: 'file',
    help: 'also write the measurements to this file, as JSON',
    group: 'What is kept',
    commands: ['bench'],
  },

  towers: {
    kind: 'count',
    valueName: 'number',
    minimum: 1,
    maximum: 1024,
    default: 'auto',
    help: 'number of towers: engine instances that share the cores, each with a part of every batch; auto uses the fastest number',
    group: 'Computing',
    inSweep: 'same',
    commands: ['train'],
  },

  collective: {
    kind: 'choice',
    choices: collectiveNames as typeof collectiveNames,
    default: 'auto',
    help: 'how processes work together: mpi, none, or auto (MPI if mpirun or srun started several processes)',
    group: 'Computing',
    inSweep: { refused: 'the runs of a sweep train one after another in a single process' },
    commands: ['download', 'import', 'train', 'eval'],
  },

  device: { notYetAvailable: true },
  logDevicePlacement: { notYetAvailable: true, boolean: true },
  useFp16: { notYetAvailable: true, boolean: true },
} as const;

/** The type of the table. A record that is not a Flag is a compile error. */
export type FlagTable = Checked<typeof ownFlags & RecipeFlags>;
type Checked<Table extends Readonly<Record<string, Flag>>> = Table;

export const flagTable: FlagTable = { ...ownFlags, ...recipeFlags };

/** The flags of a command as properties of an object. */
export type FlagsOf<C extends CommandName> = {
  readonly [Name in keyof FlagTable as BelongsTo<FlagTable[Name], C> extends true ? Name : never]: FlagValue<
    FlagTable[Name],
    C
  >;
};
type BelongsTo<F, C> = F extends { commands: readonly (infer Of)[] }
  ? C extends Of
    ? true
    : C extends 'sweep'
      ? TakenFromTrain<F, Of>
      : false
  : false;
/** Whether `sweep` has the flag because `train` has it. This is the type of what `isFlagOf` decides. */
type TakenFromTrain<F, Of> = 'train' extends Of
  ? F extends { inSweep: { refused: string } }
    ? false
    : true
  : false;

export type TrainFlags = FlagsOf<'train'>;
export type EvalFlags = FlagsOf<'eval'>;
export type PredictFlags = FlagsOf<'predict'>;
export type SweepFlags = FlagsOf<'sweep'>;
export type BenchFlags = FlagsOf<'bench'>;
export type DownloadFlags = FlagsOf<'download'>;
export type ImportFlags = FlagsOf<'import'>;
export type ExportFlags = FlagsOf<'export'>;
export type InspectFlags = FlagsOf<'inspect'>;
export type DoctorFlags = FlagsOf<'doctor'>;
