/** The options of a training process that are not part of a recipe: its folders, its threads and what it keeps. */
import { aBoolean, aText, aWholeNumber, type OptionChecks, optional, required } from '../arguments.ts';
import { type CacheOption, cacheCheck } from './run-data.ts';

/** The folders and the threads of a training, and what it keeps. */
export interface ProcessOptions extends CacheOption {
  /** The folder for checkpoints, event files and metrics. If it contains checkpoints, training resumes from the newest. */
  readonly trainDir: string;
  /** The folder of the data sets. A missing data set is downloaded or generated. Required unless the run uses your own pictures
   * (`data`). */
  readonly dataDir?: string | undefined;
  /** The number of threads that prepare batches. */
  readonly readers?: number | undefined;
  /** The number of updates between checkpoints. */
  readonly checkpointSteps?: number | undefined;
  /** The number of checkpoints to keep; 0 keeps all. */
  readonly keep?: number | undefined;
  /** The number of updates between validations on the held-out examples. The best checkpoint is kept. Default: the end
   * of every epoch. */
  readonly evalEvery?: number | undefined;
  /** The number of updates between summaries for TensorBoard; 0 for none. */
  readonly summarySteps?: number | undefined;
  /** Whether to move the existing run in the folder aside and start a new one. */
  readonly restart?: boolean | undefined;
  /** Whether to write `placement.json`: every node of a step with its engine, kernel and device, which TensorBoard's graph then shows
   * too. This compiles the step once more before training. Default: false. */
  readonly logDevicePlacement?: boolean | undefined;
  /** The source of the weights with which a new run starts: a train folder, a `.safetensors` or `.onnx` file, or a checkpoint of
   * TensorFlow. Weights that it does not have, or that have another shape, are initialized as usual. */
  readonly initFrom?: string | undefined;
}

/** The checks of the options. Every new option needs a line here. */
export const processOptionChecks: OptionChecks<ProcessOptions> = {
  trainDir: required(aText),
  dataDir: optional(aText),
  ...cacheCheck,
  readers: optional(aWholeNumber(1)),
  checkpointSteps: optional(aWholeNumber(1)),
  keep: optional(aWholeNumber(0)),
  evalEvery: optional(aWholeNumber(1)),
  summarySteps: optional(aWholeNumber(0)),
  restart: optional(aBoolean),
  logDevicePlacement: optional(aBoolean),
  initFrom: optional(aText),
};
