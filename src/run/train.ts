/**
 * Trains in a folder and returns what came out. This is a thin function over the generator of events `runTraining`, for programs
 * that only need to follow the steps.
 */
import { join } from 'node:path';
import { aFunction, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import { checkpointName } from '../checkpoint/names.ts';
import type { StepReport } from '../training/train-step.ts';
import { followEvents } from './follow-events.ts';
import { runTraining, type TrainingControl, type TrainingEvent, trainingControlChecks } from './training.ts';
import { type TrainingRequest, trainingChecks } from './training-request.ts';

/** What `onStep` is called with. */
export interface TrainedStep {
  /** The number of the update, from 0. */
  readonly step: number;
  /** The total loss of the batch, computed before the update. */
  readonly loss: number;
  readonly learningRate: number;
  /** The speed of this step, which includes the wait for its batch, but not checkpoints and validations. */
  readonly examplesPerSecond: number;
}

/** The callbacks of `train`. If a callback returns a promise, training waits for it. If it throws, the run saves a checkpoint, and
 * `train` rejects with the error. */
export interface TrainControl extends TrainingControl {
  /** Called after every update. */
  readonly onStep?: (step: TrainedStep) => unknown;
  /** Called for every event of `runTraining`. */
  readonly onEvent?: (event: TrainingEvent) => unknown;
}

const trainControlChecks: OptionChecks<TrainControl> = {
  ...trainingControlChecks,
  onStep: optional(aFunction),
  onEvent: optional(aFunction),
};

/** What a training has come to. */
export interface TrainResult {
  /** The path of the last checkpoint, for `openModel`, `evaluate` and `exportModel`. In an MPI job, the first process has written
   * it. */
  readonly checkpoint: string;
  /** The total number of steps, including those before a resume. */
  readonly globalStep: number;
  /** The number of these steps that changed no variable, because their gradients were not finite in float16. */
  readonly skippedSteps: number;
  /** The total loss of the last batch, computed before its update, or undefined if the run was already complete. */
  readonly loss: number | undefined;
  /** The precision @ 1 of the last weights that were scored on the held-out images, 0 … 1, or undefined if none were. */
  readonly validationPrecision: number | undefined;
  /** Whether the signal ended the run before its last step. */
  readonly stopped: boolean;
  /** The warnings, such as those about checkpoints that were skipped. */
  readonly warnings: readonly string[];
}

/** Trains in a folder until `maxSteps`, as `cifar10 train` does: provides the data, resumes the run in the folder, and writes
 * checkpoints and TensorBoard's event files. When the signal is aborted, the run finishes its current step, saves a checkpoint and
 * resolves with `stopped: true`. The same call resumes it.
 * @throws UsageError for options that are unknown, out of range or contradict each other, with their names
 * @throws RunError when the folder is in use or cannot be written, when data, checkpoint or engine cannot be used, and when
 * the loss becomes infinite or NaN
 * @throws StoppedError when the signal is aborted before the first step; nothing was changed then
 * @throws the error of a callback, after a checkpoint was saved
 * @example
 * import { train } from 'cifar10-ts';
 *
 * // Ten classes of generated images. For CIFAR-10, leave out `dataset` and `hyperparameters`.
 * const result = await train(
 *   { trainDir: 'run', dataDir: 'data', dataset: 'synthetic', hyperparameters: { clipNorm: 5 }, maxSteps: 1000 },
 *   { onStep: ({ step, loss }) => console.log(step, loss) },
 * );
 * console.log(result.globalStep, result.checkpoint); */
export async function train(request: TrainingRequest, control: TrainControl = {}): Promise<TrainResult> {
  requireOptions(request, trainingChecks);
  requireOptions(control, trainControlChecks);
  const { onStep, onEvent, signal, ...others } = control;
  const found = new Outcome(request.trainDir);
  const listen = async (event: TrainingEvent) => {
    found.add(event);
    await onEvent?.(event);
    if (event.kind === 'step') await onStep?.(found.stepOf(event));
  };
  await followEvents(signal, listen, (ends) => runTraining(request, { ...others, signal: ends }));
  return found.result();
}

/** Collects the result from the events. */
class Outcome {
  readonly #trainDir: string;
  readonly #warnings: string[] = [];
  #batchSize = 0;
  #loss: number | undefined;
  #validationPrecision: number | undefined;
  #end = { globalStep: 0, skippedSteps: 0, stopped: false };
  #checkpoint: string | undefined;

  constructor(trainDir: string) {
    this.#trainDir = trainDir;
  }

  add(event: TrainingEvent): void {
    if (event.kind === 'start') this.#batchSize = event.run.batchSize;
    if (event.kind === 'warning') this.#warnings.push(event.message);
    if (event.kind === 'step') this.#loss = event.totalLoss;
    if (event.kind === 'validation') this.#validationPrecision = event.precision;
    if (event.kind === 'checkpoint') this.#checkpoint = event.path;
    if (event.kind === 'end') this.#end = event;
  }

  stepOf({ step, totalLoss: loss, learningRate, stepMillis }: StepReport): TrainedStep {
    return { step, loss, learningRate, examplesPerSecond: (1000 * this.#batchSize) / stepMillis };
  }

  result(): TrainResult {
    const { globalStep, skippedSteps, stopped } = this.#end;
    return {
      checkpoint: this.#checkpoint ?? join(this.#trainDir, checkpointName(globalStep)),
      ...{
        globalStep,
        skippedSteps,
        stopped,
        loss: this.#loss,
        validationPrecision: this.#validationPrecision,
      },
      warnings: this.#warnings,
    };
  }
}
