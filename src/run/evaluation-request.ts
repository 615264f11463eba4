/** The options of an evaluation, with their checks and defaults. */
import {
  aBoolean,
  aChoice,
  aFiniteNumber,
  aText,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
} from '../arguments.ts';
import type { DatasetName } from '../data/dataset.ts';
import { datasetNames, labelChoices } from '../data/datasets.ts';
import { aDeviceChoice, type DeviceChoice } from '../engine/device-names.ts';
import { type EngineName, engineChoices, type Precision, precisions } from '../engine/offers.ts';
import { type Weights, weightChoices } from '../evaluation/weights.ts';
import { type TestTimeAugmentation, testTimeChoices } from '../input/test-time.ts';
import { evaluationDefaults } from '../recipe/defaults.ts';
import { type CacheOption, cacheCheck, type PictureOptions, pictureOptionChecks } from './run-data.ts';

/** `test` means the test images, `train_eval` the images that were trained on, without distortions, and
 * `validation` the held-out images. */
export type EvalData = (typeof evalDataChoices)[number];
export const evalDataChoices = ['test', 'train_eval', 'validation'] as const;

/** A request to evaluate the checkpoints of a folder. Omitted options have the defaults of `recipe/defaults.ts`. */
export interface EvaluationRequest extends Pick<PictureOptions, 'data'>, CacheOption {
  /** A training folder, or one checkpoint file. */
  readonly checkpointDir: string;
  /** The folder for results, reports and event files. */
  readonly evalDir: string;
  /** The folder of the data sets. A missing data set is downloaded or generated. Required unless the checkpoint is evaluated on your
   * own pictures. */
  readonly dataDir?: string | undefined;
  /** Default: the data of the checkpoint. (`data` names the user's own pictures.) */
  readonly dataset?: DatasetName | undefined;
  /** The label that is used as the class, for data sets with several labels. Default: the label of the checkpoint. */
  readonly labels?: string | undefined;
  readonly evalData?: EvalData | undefined;
  readonly weights?: Weights | undefined;
  /** Test-time augmentation: `mirror` averages the logits over each image and its mirror image, `full` over shifts by one pixel too. The
   * result is a second precision in addition to that of the images themselves. Default: `none`. */
  readonly tta?: TestTimeAugmentation | undefined;
  /** The maximum number of images to score. Each is scored at most once. */
  readonly numExamples?: number | undefined;
  /** The number of images that are scored at once. */
  readonly batchSize?: number | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** `auto` selects the device that is fastest in a short trial with the network of the checkpoint. Default: `cpu` */
  readonly device?: DeviceChoice | undefined;
  /** Whether to score only the newest checkpoint. Otherwise the folder is watched until the evaluation is
   * stopped. Default: false. */
  readonly runOnce?: boolean | undefined;
  /** The number of seconds between checks for new checkpoints. */
  readonly evalIntervalSecs?: number | undefined;
  /** Whether to write every prediction, the confusion matrix, a contact sheet, and `report.html`. Default: false. */
  readonly report?: boolean | undefined;
  /** Whether to write `placement.json`: every node of the network with its engine, kernel and device, which TensorBoard's graph then
   * shows too. Default: false. */
  readonly logDevicePlacement?: boolean | undefined;
}

/** The checks of a request. Every new option needs a line here. */
export const evaluationChecks: OptionChecks<EvaluationRequest> = {
  checkpointDir: required(aText),
  evalDir: required(aText),
  dataDir: optional(aText),
  dataset: optional(aChoice(datasetNames)),
  labels: optional(aChoice(labelChoices)),
  data: pictureOptionChecks.data,
  ...cacheCheck,
  evalData: optional(aChoice(evalDataChoices)),
  weights: optional(aChoice(weightChoices)),
  tta: optional(aChoice(testTimeChoices)),
  numExamples: optional(aWholeNumber(1)),
  batchSize: optional(aWholeNumber(1)),
  engine: optional(aChoice(engineChoices)),
  precision: optional(aChoice(precisions)),
  device: optional(aDeviceChoice),
  runOnce: optional(aBoolean),
  evalIntervalSecs: optional(aFiniteNumber(0)),
  report: optional(aBoolean),
  logDevicePlacement: optional(aBoolean),
};

type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };
/** A request with its defaults. */
export type EvaluationSettings = Complete<Omit<EvaluationRequest, DataNames>> &
  Pick<EvaluationRequest, DataNames>;
type DataNames = 'dataset' | 'labels' | 'data' | 'dataDir' | 'cache';

export function settingsOf(request: EvaluationRequest): EvaluationSettings {
  const {
    evalData = evaluationDefaults.evalData,
    weights = evaluationDefaults.weights,
    tta = 'none',
    numExamples = evaluationDefaults.numExamples,
    batchSize = evaluationDefaults.batchSize,
    engine = evaluationDefaults.engine,
    precision = evaluationDefaults.precision,
    device = evaluationDefaults.device,
    runOnce = false,
    evalIntervalSecs = evaluationDefaults.evalIntervalSecs,
    report = false,
    logDevicePlacement = false,
    ...rest
  } = request;
  const computing = { tta, numExamples, batchSize, engine, precision, device };
  return { ...rest, ...computing, evalData, weights, runOnce, evalIntervalSecs, report, logDevicePlacement };
}
