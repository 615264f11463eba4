/** The request of an evaluation. */
import type { DatasetName } from '../data/dataset.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import type { Weights } from '../evaluation/evaluate.ts';
import { evaluationDefaults } from '../recipe/defaults.ts';

/** `test`: the test images; `train_eval`: the images trained on, undistorted; `validation`: the held-out images. */
export type EvalData = 'test' | 'train_eval' | 'validation';

/** An evaluation of the checkpoints of a folder. Omitted options have the defaults of `recipe/defaults.ts`. */
export interface EvaluationRequest {
  /** A training folder, or one checkpoint file. */
  readonly checkpointDir: string;
  /** The folder for results, reports and event files. */
  readonly evalDir: string;
  /** The folder of the data sets. A missing data set is downloaded or generated. */
  readonly dataDir: string;
  /** Default: the data set of the checkpoint. */
  readonly dataset?: DatasetName | undefined;
  readonly evalData?: EvalData | undefined;
  readonly weights?: Weights | undefined;
  /** Maximum number of images to score, each at most once. */
  readonly numExamples?: number | undefined;
  /** Number of images scored at once. */
  readonly batchSize?: number | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** Scores the newest checkpoint and ends; otherwise watches the folder until it is stopped. Default: false. */
  readonly runOnce?: boolean | undefined;
  /** Seconds between checks for new checkpoints. */
  readonly evalIntervalSecs?: number | undefined;
  /** Writes every prediction, the confusion matrix and a contact sheet. Default: false. */
  readonly report?: boolean | undefined;
}

type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };
/** A request with its defaults. */
export type EvaluationSettings = Complete<Omit<EvaluationRequest, 'dataset'>> &
  Pick<EvaluationRequest, 'dataset'>;

export function settingsOf(request: EvaluationRequest): EvaluationSettings {
  const {
    evalData = evaluationDefaults.evalData,
    weights = evaluationDefaults.weights,
    numExamples = evaluationDefaults.numExamples,
    batchSize = evaluationDefaults.batchSize,
    engine = evaluationDefaults.engine,
    precision = evaluationDefaults.precision,
    runOnce = false,
    evalIntervalSecs = evaluationDefaults.evalIntervalSecs,
    report = false,
    ...rest
  } = request;
  const computing = { numExamples, batchSize, engine, precision };
  return { ...rest, ...computing, evalData, weights, runOnce, evalIntervalSecs, report };
}
