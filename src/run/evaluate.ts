/** Evaluates a checkpoint once and returns the result. This is a thin function over the generator of events `runEvaluation`. */
import { aFunction, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import { StoppedError } from '../errors.ts';
import type { ConfusionMatrix } from '../evaluation/confusion.ts';
import type { Weights } from '../evaluation/weights.ts';
import {
  type EvaluationControl,
  type EvaluationEvent,
  evaluationControlChecks,
  runEvaluation,
} from './evaluation.ts';
import { type EvalData, type EvaluationRequest, evaluationChecks } from './evaluation-request.ts';
import { followEvents } from './follow-events.ts';

/** A request to evaluate the newest checkpoint of a folder, or one checkpoint file. */
export type EvaluateRequest = Omit<EvaluationRequest, 'runOnce' | 'evalIntervalSecs'>;

const { runOnce: _, evalIntervalSecs: __, ...evaluateChecks } = evaluationChecks;

/** The callbacks of `evaluate`. If a callback returns a promise, the evaluation waits for it. If it throws, `evaluate` rejects with
 * the error. */
export interface EvaluateControl extends EvaluationControl {
  /** Called after every batch with the number of images that were scored, and the number of all images to score. */
  readonly onProgress?: (done: number, all: number) => unknown;
  /** Called for every event of `runEvaluation`. */
  readonly onEvent?: (event: EvaluationEvent) => unknown;
}

const evaluateControlChecks: OptionChecks<EvaluateControl> = {
  ...evaluationControlChecks,
  onProgress: optional(aFunction),
  onEvent: optional(aFunction),
};

/** The result of an evaluation. */
export interface EvaluateResult {
  /** The path of the checkpoint that was scored. */
  readonly checkpoint: string;
  /** The number of updates after which the checkpoint was saved. */
  readonly globalStep: number;
  /** The number of images, and how many of them were classified correctly. */
  readonly total: number;
  readonly correct: number;
  /** `correct` / `total`. */
  readonly precision: number;
  /** With `tta`: the number of images that the average over the views classifies correctly, and their fraction. */
  readonly ttaCorrect?: number | undefined;
  readonly ttaPrecision?: number | undefined;
  /** Which images were scored. */
  readonly evalData: EvalData;
  /** Which weights were scored. */
  readonly weights: Weights;
  /** The names of the classes. */
  readonly classes: readonly string[];
  /** With `report`: how often each class was predicted for the images of each class. */
  readonly confusion: ConfusionMatrix | undefined;
  /** With `report`: the paths of its files. The last one is that of `report.html`. */
  readonly reportFiles: readonly string[];
  /** The warnings, such as those about checkpoints that were skipped. */
  readonly warnings: readonly string[];
}

/** Scores the newest checkpoint of a training folder, or one checkpoint file, as `cifar10 eval --run-once` does: each image exactly
 * once. The result is also appended to `evaluations.jsonl` and to the event files in `evalDir`.
 * @throws UsageError for options that are unknown or out of range, and for an engine that does not offer the precision
 * @throws RunError when no undamaged checkpoint is found, the data or the engine cannot be used, or `evalDir` cannot be written
 * @throws StoppedError when the signal is aborted; nothing is recorded then
 * @throws the error of a callback
 * @example
 * import { evaluate } from 'cifar10-ts';
 *
 * const { precision, total } = await evaluate({ checkpointDir: 'run', evalDir: 'run-eval', dataDir: 'data' });
 * console.log(precision, total); */
export async function evaluate(
  request: EvaluateRequest,
  control: EvaluateControl = {},
): Promise<EvaluateResult> {
  requireOptions(request, evaluateChecks);
  requireOptions(control, evaluateControlChecks);
  const { onProgress, onEvent, signal, ...others } = control;
  const warnings: string[] = [];
  let scored: EventOf<'evaluation'> | undefined;
  let report: EventOf<'report'> | undefined;
  const listen = async (event: EvaluationEvent) => {
    if (event.kind === 'warning') warnings.push(event.message);
    if (event.kind === 'evaluation') scored = event;
    if (event.kind === 'report') report = event;
    await onEvent?.(event);
    if (event.kind === 'scored') await onProgress?.(event.done, event.all);
  };
  await followEvents(signal, listen, (ends) =>
    runEvaluation({ ...request, runOnce: true }, { ...others, signal: ends }),
  );
  return resultOf(scored, report, warnings);
}

type EventOf<K> = Extract<EvaluationEvent, { readonly kind: K }>;

/** @throws StoppedError when nothing was scored */
function resultOf(
  scored: EventOf<'evaluation'> | undefined,
  report: EventOf<'report'> | undefined,
  warnings: readonly string[],
): EvaluateResult {
  if (scored === undefined) throw new StoppedError('nothing was scored');
  const { checkpoint, dataset, evalData, weights, result } = scored;
  return {
    ...{ checkpoint, evalData, weights, ...result },
    ...{ classes: dataset.classes, confusion: report?.confusion, reportFiles: report?.files ?? [], warnings },
  };
}
