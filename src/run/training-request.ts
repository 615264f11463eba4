/** What the caller of a training asks for, and the recipe and engine that follow from it. */
import { resolve, sep } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, type DatasetName, datasets } from '../data/dataset.ts';
import { type ChosenEngine, chooseEngine, requireOffered } from '../engine/engines.ts';
import {
  type EngineName,
  engineNames,
  offers,
  offersPrecision,
  type Precision,
  precisions,
} from '../engine/offers.ts';
import { RunError, UsageError } from '../errors.ts';
import { tutorialNetwork } from '../model/network.ts';
import { endsAtDecaySteps } from '../optimizer/schedule.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import {
  type Hyperparameters,
  makeHyperparameters,
  tutorialHyperparameters,
} from '../recipe/hyperparameters.ts';
import { datasetOf, networkOf, type Recipe } from '../training/training-run.ts';

/**
 * A training in a folder. An option that is left out has the value of the checkpoint that the training resumes from, or else
 * the default (`recipe/defaults.ts`, `recipe/hyperparameters.ts`).
 */
export interface TrainingRequest {
  /** Checkpoints, event files and metrics go here. If it holds checkpoints, training resumes from the newest. */
  readonly trainDir: string;
  /** The folder of the data sets. A data set that is missing is downloaded or drawn. */
  readonly dataDir: string;
  readonly dataset?: DatasetName | undefined;
  /** Images of one step. */
  readonly batchSize?: number | undefined;
  readonly seed?: number | undefined;
  /** Share of the training examples kept out, 0 for none. */
  readonly holdout?: number | undefined;
  readonly hyperparameters?: Partial<Hyperparameters> | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** Updates in total, those before a resume included. */
  readonly maxSteps?: number | undefined;
  /** Passes over the training examples in total, instead of `maxSteps`. */
  readonly epochs?: number | undefined;
  /** Threads that prepare batches. */
  readonly readers?: number | undefined;
  /** Updates from one checkpoint to the next. */
  readonly checkpointSteps?: number | undefined;
  /** How many checkpoints are kept; 0 keeps all. */
  readonly keep?: number | undefined;
  /** Updates from one score of the held-out examples to the next, with the best checkpoint kept; an epoch by default. */
  readonly evalEvery?: number | undefined;
  /** Updates from one summary for TensorBoard to the next; 0 for none. */
  readonly summarySteps?: number | undefined;
  /** Moves the run that is in the folder aside and starts anew. */
  readonly restart?: boolean | undefined;
  /** A checkpoint file whose weights a new run starts from. */
  readonly initFrom?: string | undefined;
}

/** @throws UsageError for options that contradict each other */
export function requireConsistent({
  restart,
  initFrom,
  trainDir,
  maxSteps,
  epochs,
  engine = trainingDefaults.engine,
  precision = trainingDefaults.precision,
}: TrainingRequest): void {
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
 * @throws UsageError or RunError when `evalEvery` is given and nothing is held out */
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
  };
  if (request.evalEvery !== undefined && recipe.holdout === 0) {
    const problem = '`evalEvery` scores images kept out of training; add `holdout`, such as `holdout: 0.1`';
    throw stored === undefined
      ? new UsageError(problem)
      : new RunError(`${problem} (this run was started without)`);
  }
  return { dataset, recipe };
}

/** Schedules that end do so at the last step of the run, unless the recipe says when. */
export function withDecaySteps(found: Hyperparameters, maxSteps: number): Hyperparameters {
  return found.decaySteps === 0 && endsAtDecaySteps(found.schedule)
    ? { ...found, decaySteps: maxSteps }
    : found;
}

/** The engine of a run. A resumed run keeps its engine and precision if they work here and the request names no other.
 * @throws RunError when the requested engine or precision does not work here */
export function engineOf(
  { engine = trainingDefaults.engine, precision }: TrainingRequest,
  stored: CheckpointMetadata | undefined,
): ChosenEngine {
  const kept = precision ?? (stored === undefined ? trainingDefaults.precision : storedPrecision(stored));
  if (engine !== 'auto' && !offersPrecision(engine, kept)) {
    const available = offers[engine].precisions.map((name) => `\`precision: ${name}\``).join(' or ');
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

/** @throws RunError when no engine of this version offers it */
function storedPrecision({ precision }: CheckpointMetadata): Precision {
  const known = precisions.find((name) => name === precision);
  if (known !== undefined) return known;
  const available = precisions.map((name) => `\`precision: ${name}\``).join(' or ');
  throw new RunError(`this run was in ${precision}, which this version does not offer; add ${available}`);
}
