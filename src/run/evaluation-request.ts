/** What the caller of an evaluation asks for. */
import type { DatasetName } from '../data/dataset.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import type { Weights } from '../evaluation/evaluate.ts';
import { evaluationDefaults } from '../recipe/defaults.ts';

/** `test`: the test images; `train_eval`: those that were trained on, undistorted; `validation`: those that were held out. */
export type EvalData = 'test' | 'train_eval' | 'validation';

/** An evaluation of the checkpoints of a folder. Options that are left out have the defaults of `recipe/defaults.ts`. */
export interface EvaluationRequest {
  /** A training folder, or one checkpoint file. */
  readonly checkpointDir: string;
  /** Results, reports and event files go here. */
  readonly evalDir: string;
  /** The folder of the data sets. A data set that is missing is downloaded or drawn. */
  readonly dataDir: string;
  /** The data set of the checkpoint by default. */
  readonly dataset?: DatasetName | undefined;
  readonly evalData?: EvalData | undefined;
  readonly weights?: Weights | undefined;
  /** At most this many images are scored, each once. */
  readonly numExamples?: number | undefined;
  /** Images that are scored at once. */
  readonly batchSize?: number | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** Scores the newest checkpoint and ends; otherwise watches the folder until it is stopped. False by default. */
  readonly runOnce?: boolean | undefined;
  /** Seconds between two looks for new checkpoints. */
  readonly evalIntervalSecs?: number | undefined;
  /** Writes every prediction, the confusion matrix and a contact sheet. False by default. */
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
