/** The request of a training, and the recipe and engine that follow from it. */
import { resolve, sep } from 'node:path';
import {
  aBoolean,
  aChoice,
  aFiniteNumber,
  aText,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { DatasetDescription, DatasetName } from '../data/dataset.ts';
import { datasetNames, datasets } from '../data/datasets.ts';
import { type ChosenEngine, chooseEngine, requireOffered } from '../engine/engines.ts';
import {
  type EngineName,
  engineChoices,
  engineNames,
  offers,
  offersPrecision,
  type Precision,
  precisions,
} from '../engine/offers.ts';
import { RunError, UsageError } from '../errors.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { endsAtDecaySteps } from '../optimizer/schedule.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import {
  type Hyperparameters,
  makeHyperparameters,
  someHyperparameters,
  tutorialHyperparameters,
} from '../recipe/hyperparameters.ts';
import { datasetOf, networkOf, type Recipe, recipeChecks, storedImages } from '../training/training-run.ts';
import { alternatives } from '../wording.ts';

/**
 * A training in a folder. Omitted options have the value from the checkpoint that the training resumes from, or else the default
 * (`recipe/defaults.ts`, `recipe/hyperparameters.ts`).
 */
export interface TrainingRequest {
  /** The folder for checkpoints, event files and metrics. If it contains checkpoints, training resumes from the newest. */
  readonly trainDir: string;
  /** The folder of the data sets. A missing data set is downloaded or generated. */
  readonly dataDir: string;
  readonly dataset?: DatasetName | undefined;
  /** Images per step. */
  readonly batchSize?: number | undefined;
  readonly seed?: number | undefined;
  /** Fraction of the training examples to hold out; 0 for none. */
  readonly holdout?: number | undefined;
  readonly hyperparameters?: Partial<Hyperparameters> | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** Total number of updates, including those before a resume. */
  readonly maxSteps?: number | undefined;
  /** Total number of passes over the training examples, instead of `maxSteps`. */
  readonly epochs?: number | undefined;
  /** Number of threads that prepare batches. */
  readonly readers?: number | undefined;
  /** Updates between checkpoints. */
  readonly checkpointSteps?: number | undefined;
  /** Number of checkpoints to keep; 0 keeps all. */
  readonly keep?: number | undefined;
  /** Updates between validations on the held-out examples, which keep the best checkpoint. Default: one epoch. */
  readonly evalEvery?: number | undefined;
  /** Updates between summaries for TensorBoard; 0 for none. */
  readonly summarySteps?: number | undefined;
  /** Moves the existing run in the folder aside and starts a new one. */
  readonly restart?: boolean | undefined;
  /** A checkpoint file whose weights a new run starts from. */
  readonly initFrom?: string | undefined;
}

/** The checks of a request. A new option of it needs a line here. */
export const trainingChecks: OptionChecks<TrainingRequest> = {
  trainDir: required(aText),
  dataDir: required(aText),
  dataset: optional(aChoice(datasetNames)),
  batchSize: optional(recipeChecks.batchSize.check),
  seed: optional(recipeChecks.seed.check),
  holdout: optional(recipeChecks.holdout.check),
  hyperparameters: optional(someHyperparameters),
  engine: optional(aChoice(engineChoices)),
  precision: optional(aChoice(precisions)),
  maxSteps: optional(aWholeNumber(0)),
  epochs: optional(aFiniteNumber(0)),
  readers: optional(aWholeNumber(1)),
  checkpointSteps: optional(aWholeNumber(1)),
  keep: optional(aWholeNumber(0)),
  evalEvery: optional(aWholeNumber(1)),
  summarySteps: optional(aWholeNumber(0)),
  restart: optional(aBoolean),
  initFrom: optional(aText),
};

/** @throws UsageError for options that are unknown or out of range, and for those that contradict each other */
export function requireConsistent(request: TrainingRequest): void {
  requireOptions(request, trainingChecks);
  const {
    restart,
    initFrom,
    trainDir,
    maxSteps,
    epochs,
    engine = trainingDefaults.engine,
    precision = trainingDefaults.precision,
  } = request;
  if (epochs !== undefined && maxSteps !== undefined)
    throw new UsageError('`epochs` and `maxSteps` both say how long to train; leave one out');
  requireOffered(engine, precision);
  if (restart === true && initFrom !== undefined && isWithin(resolve(trainDir), resolve(initFrom))) {
    throw new UsageError(
      '`restart` moves aside the folder of the checkpoint that `initFrom` names; copy that file first',
    );
  }
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** The recipe of a run, from the request and the checkpoint that it resumes from.
 * @throws UsageError or RunError when `evalEvery` is given but nothing is held out */
export function recipeOf(
  request: TrainingRequest,
  stored: CheckpointMetadata | undefined,
): { readonly dataset: DatasetDescription; readonly recipe: Recipe } {
  const dataset =
    request.dataset === undefined && stored !== undefined
      ? datasetOf(stored)
      : datasets[request.dataset ?? trainingDefaults.dataset];
  const { hyperparameters = {} } = request;
  const recipe: Recipe = {
    network: stored === undefined ? tutorialNetwork(dataset.classes.length) : networkOf(stored),
    batchSize: request.batchSize ?? stored?.batchSize ?? trainingDefaults.batchSize,
    seed: request.seed ?? stored?.seed ?? trainingDefaults.seed,
    holdout: request.holdout ?? stored?.holdout ?? trainingDefaults.holdout,
    hyperparameters: makeHyperparameters(
      (name) => hyperparameters[name] ?? (stored?.hyperparameters ?? tutorialHyperparameters)[name],
    ),
    groups: stored?.groups ?? [],
    ...(stored === undefined ? tutorialImages : storedImages(stored)),
  };
  if (request.evalEvery !== undefined && recipe.holdout === 0) {
    const problem = '`evalEvery` scores images kept out of training; add `holdout`, such as `holdout: 0.1`';
    throw stored === undefined
      ? new UsageError(problem)
      : new RunError(`${problem} (this run was started without)`);
  }
  return { dataset, recipe };
}

/** Sets the end of the schedule to the last step of the run, unless the recipe sets it. */
export function withDecaySteps(found: Hyperparameters, maxSteps: number): Hyperparameters {
  return found.decaySteps === 0 && endsAtDecaySteps(found.schedule)
    ? { ...found, decaySteps: maxSteps }
    : found;
}

/** The engine of a run. A resumed run keeps its engine and precision if they work here and the request does not name others.
 * @throws RunError when the requested engine or precision does not work here */
export function engineOf(
  { engine = trainingDefaults.engine, precision }: TrainingRequest,
  stored: CheckpointMetadata | undefined,
): ChosenEngine {
  const kept = precision ?? (stored === undefined ? trainingDefaults.precision : storedPrecision(stored));
  if (engine !== 'auto' && !offersPrecision(engine, kept)) {
    const available = alternatives(offers[engine].precisions.map((name) => `\`precision: ${name}\``));
    throw new RunError(
      `this run was in ${kept}, which \`engine: ${engine}\` does not offer; add ${available} to resume in that`,
    );
  }
  const before = engineNames.find((name) => name === stored?.engine);
  const wanted = { engine, precision: kept };
  if (engine !== 'auto' || before === undefined) return chooseEngine(wanted);
  try {
    return { ...chooseEngine({ ...wanted, engine: before }), reason: 'as before' };
  } catch (error) {
    if (!(error instanceof RunError || error instanceof UsageError)) throw error;
    return chooseEngine(wanted);
  }
}

/** @throws RunError when no engine of this version offers the precision */
function storedPrecision({ precision }: CheckpointMetadata): Precision {
  const known = precisions.find((name) => name === precision);
  if (known !== undefined) return known;
  const available = alternatives(precisions.map((name) => `\`precision: ${name}\``));
  throw new RunError(`this run was in ${precision}, which this version does not offer; add ${available}`);
}
