/**
 * A complete training run in a folder: lock, resume, data, engine, event files, validation and checkpoints. This is a generator
 * of events without flags or console. `cifar10 train` prints the events, and the library exports it as `runTraining`.
 */
import { join } from 'node:path';
import { aFunction, aSignal, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { CheckpointStore, type FoundCheckpoint } from '../checkpoint/store.ts';
import { aJob, type Job } from '../collective/mpi/start-mpi.ts';
import { type DatasetDescription, examplesIn } from '../data/dataset.ts';
import { loadExamples } from '../data/files.ts';
import { messageOf, RunError, requireRunning } from '../errors.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { scoredWeights } from '../evaluation/weights.ts';
import { EventQueue } from '../events.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import type { Length } from '../recipe/recipe.ts';
import type { ScaledFrom } from '../recipe/scale-learning-rate.ts';
import { checkedTrainingGraph } from '../training/early-images.ts';
import { stepsIn } from '../training/epochs.ts';
import { Patience } from '../training/patience.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { requireStoredVariables } from '../training/stored-network.ts';
import { placementOf, trainingGraphOf } from '../training/towers.ts';
import {
  type SaveRequests,
  saveRequestsCheck,
  type TrainEvent,
  type TrainOptions,
  trainSteps,
} from '../training/train.ts';
import type { TrainingGraph } from '../training/training-graph.ts';
import {
  imagesOf,
  metadataOf,
  requireImages,
  requireSameRun,
  sampleImagesOf,
} from '../training/training-run.ts';
import type { Validation } from '../training/validation.ts';
import { version } from '../version.ts';
import { factsOfDefinition, requireAlike } from './alike.ts';
import { leaveDataSheet } from './data-sheet-file.ts';
import type { PreparationEvent } from './ensure-dataset.ts';
import { engineOfRun, equippedRun } from './equipped-run.ts';
import {
  completeWeights,
  type Initialization,
  type InitialWeights,
  readInitialWeights,
  type WeightsRequest,
} from './initial-weights.ts';
import { withStatistics } from './normalization-statistics.ts';
import { type PlacementEvent, writePlacement } from './placement-file.ts';
import { firstThenOthers, leads, requireImageForEach, sharedCheckpoint, together } from './ranks.ts';
import { writeRecipeFile } from './recipe-file.ts';
import { type GivenRecipe, inRecipe, inRecipeLater } from './recipe-source.ts';
import type { ProvidedData } from './run-data.ts';
import { sharedInitialWeights, sharedRecipe, sharedSourceRecipe } from './shared-sources.ts';
import { TrainDir } from './train-dir.ts';
import {
  dataOfRun,
  earlySizeWarning,
  rateWarning,
  requireConsistent,
  resolveRequest,
  type TrainingRequest,
  warmUpWarning,
  withDecaySteps,
} from './training-request.ts';
import { TrainingSummaries } from './training-summaries.ts';

/** What `runTraining` reports. */
export type TrainingEvent =
  | PreparationEvent
  /** Another process has locked the folder, and this one waits for it. */
  | { readonly kind: 'locked'; readonly message: string }
  /** `restart` moved the existing run aside. */
  | { readonly kind: 'movedAside'; readonly path: string }
  /** Everything is verified; training begins. */
  | {
      readonly kind: 'start';
      readonly run: TrainingRun;
      /** Why this engine was chosen, or undefined if the request specifies the engine. */
      readonly engineReason: string | undefined;
      /** The path of the checkpoint that the run resumes from, or undefined for a new run. */
      readonly resumedFrom: string | undefined;
      /** Which weights were loaded because of `initFrom`, or undefined without it. */
      readonly initialized: Initialization | undefined;
      /** What the learning rate was scaled from, if the request scales it. */
      readonly scaledFrom: ScaledFrom | undefined;
      /** The total number of updates. */
      readonly maxSteps: number;
    }
  /** The run is already complete; the `end` event follows. */
  | {
      readonly kind: 'complete';
      readonly globalStep: number;
      readonly skippedSteps: number;
      readonly hasHeldOut: boolean;
      readonly hyperparameters: Hyperparameters;
    }
  /** With `logDevicePlacement`: where the steps are computed. */
  | PlacementEvent
  /** Event files for TensorBoard are written to the folder. */
  | { readonly kind: 'recording'; readonly dir: string }
  /** The tensors of a summary are valid until the next event. */
  | TrainEvent;

/** Controls a training while it runs. */
export interface TrainingControl {
  /** When the signal is aborted, the run finishes its current step, saves and ends. A step that takes too long is abandoned. */
  readonly signal?: AbortSignal;
  /** Requests a checkpoint before the next step. */
  readonly saveRequests?: SaveRequests;
  /** Called while a checkpoint is being written, whenever a part of it has reached the disk. */
  readonly onSaveProgress?: () => void;
  /** The MPI job that this process belongs to (`startMpi`). All its processes make the same request. The first process writes all
   * files and yields all events; the others yield only the beginning, the steps and the end. */
  readonly job?: Job | undefined;
}

export const trainingControlChecks: OptionChecks<TrainingControl> = {
  signal: optional(aSignal),
  saveRequests: optional(saveRequestsCheck),
  onSaveProgress: optional(aFunction),
  job: optional(aJob),
};

/** Trains in a folder until `maxSteps`, or until the signal is aborted.
 * @throws UsageError for options that are unknown, out of range or contradict each other, with their names
 * @throws RunError when the folder is in use or cannot be written, when data, checkpoint or engine cannot be used, and when
 * the loss is no longer finite
 * @throws StoppedError when the signal is aborted before the first step */
export async function* runTraining(
  request: TrainingRequest,
  control: TrainingControl = {},
): AsyncGenerator<TrainingEvent, void, void> {
  requireConsistent(request);
  requireOptions(control, trainingControlChecks);
  const { signal: stop, saveRequests, job } = control;
  const given = await sharedRecipe(job, request);
  const queue = new EventQueue<TrainingEvent>();
  const ended = new AbortController();
  const signal = stop === undefined ? ended.signal : AbortSignal.any([stop, ended.signal]);
  const onWait = (message: string) => queue.push({ kind: 'locked', message });
  const taking = leads(job)
    ? TrainDir.take(request.trainDir, { signal, onWait })
    : Promise.resolve(undefined);
  try {
    const folder = yield* queue.during(together(job, () => taking));
    const lost = folder?.lost ?? new AbortController().signal;
    const plan = yield* queue.during(prepare(request, given, signal, queue.push, control));
    lost.throwIfAborted();
    if ('complete' in plan) {
      const { globalStep, skippedSteps, hyperparameters } = plan.complete;
      yield { kind: 'complete', globalStep, skippedSteps, hasHeldOut: plan.hasHeldOut, hyperparameters };
      return yield { kind: 'end', globalStep, stopped: false, waitedMillis: 0, skippedSteps };
    }
    lost.addEventListener('abort', () => plan.store.refuseSaves(lost.reason as RunError));
    // The old run is moved only now, so that a request that is refused leaves it in place.
    const moved = request.restart === true ? await folder?.moveAside() : undefined;
    if (moved !== undefined) yield { kind: 'movedAside', path: moved };
    const limits = { signal: AbortSignal.any([signal, lost]), ...(saveRequests && { saveRequests }) };
    yield* leads(job) ? trainAsPlanned(request, plan, limits, queue) : trainAlong(request, plan, limits);
    lost.throwIfAborted();
  } finally {
    ended.abort();
    await queue.settled();
    await (await taking.catch(() => undefined))?.release();
  }
}

/** A training run with all its inputs, which have been verified. */
interface Plan {
  readonly run: TrainingRun;
  readonly training: TrainingGraph;
  readonly engineReason: string | undefined;
  readonly scaledFrom: ScaledFrom | undefined;
  readonly store: CheckpointStore;
  readonly resume: FoundCheckpoint | undefined;
  readonly initFrom: InitialWeights | undefined;
  /** The total number of updates. */
  readonly maxSteps: number;
}

/** A run that is already complete. */
interface CompleteRun {
  readonly complete: CheckpointMetadata;
  /** Whether the run has validation images. */
  readonly hasHeldOut: boolean;
}

/** Checks everything that can be checked before the data is downloaded, then provides and reads the data. A
 * complete run needs no data. */
async function prepare(
  request: TrainingRequest,
  named: GivenRecipe | undefined,
  signal: AbortSignal,
  report: (event: TrainingEvent) => void,
  { onSaveProgress: onProgress, job }: Pick<TrainingControl, 'onSaveProgress' | 'job'>,
): Promise<Plan | CompleteRun> {
  const { trainDir, keep = trainingDefaults.keep } = request;
  const onWarning = (message: string) => report({ kind: 'warning', message });
  const store = new CheckpointStore(trainDir, {
    ...{ keep, onWarning, isLocked: true },
    ...(onProgress && { onProgress }),
  });
  const find = async () => (request.restart === true ? undefined : store.latest());
  const resume = await sharedCheckpoint(job, find);
  const stored = resume?.checkpoint.metadata;
  const given = named ?? (stored === undefined ? await sharedSourceRecipe(job, request) : undefined);
  const checked = await together(job, () => check(request, given, store, resume, job));
  const { data, resolved, training: unscaled } = checked;
  const { definition } = resolved;
  await requireAlike(job, () => factsOfDefinition(definition, request.evalEvery));
  const initFrom = await sharedInitialWeights(job, () =>
    initialWeights(request, resume, unscaled, definition),
  );
  const { batchSize, holdout } = definition;
  const most = stepsOf(definition.length, batchSize, mostTrainingExamples(data.dataset, holdout));
  if (stored !== undefined && stored.globalStep >= most) {
    const hasHeldOut = holdout > 0 || examplesIn(data.dataset, 'validation') > 0;
    return { complete: stored, hasHeldOut };
  }
  const chosen = await engineOfRun(resolved, stored, unscaled, { job, signal, report });
  const found = await firstThenOthers(job, () =>
    data.provide({ signal, onEvent: (event) => report({ kind: 'data', event }) }),
  );
  const provided = withStatistics(found, definition, initFrom?.statistics, stored);
  report({ kind: 'reading', dataset: provided.dataset });
  const read = () => readExamples(provided, signal);
  const made = await equippedRun(resolved, chosen, stored, read, job);
  const maxSteps = stepsOf(definition.length, made.batchSize, made.examples.count);
  const run = { ...made, hyperparameters: withDecaySteps(made.hyperparameters, maxSteps) };
  const { scaledFrom } = resolved;
  for (const warning of [
    rateWarning(run.hyperparameters, maxSteps),
    warmUpWarning(request, run, scaledFrom, maxSteps),
    earlySizeWarning(request, run, stored),
  ])
    if (warning !== undefined) onWarning(warning);
  requireRunning(signal);
  const training = trainingGraphOf(run, unscaled);
  return { run, training, engineReason: chosen.reason, scaledFrom, store, resume, initFrom, maxSteps };
}

/** Checks everything that can be checked without the data. */
async function check(
  request: TrainingRequest,
  given: GivenRecipe | undefined,
  store: CheckpointStore,
  resume: FoundCheckpoint | undefined,
  job: Job | undefined,
) {
  const stored = resume?.checkpoint.metadata;
  const data = await inRecipeLater(given, () => dataOfRun(request, given, stored));
  const resolved = inRecipe(given, () => resolveRequest(request, given, stored, data.dataset));
  const { dataset, definition, fixed } = resolved;
  if (stored !== undefined && leads(job)) await store.warnOfOtherRuns(stored);
  if (resume !== undefined)
    requireSameRun(resume.path, resume.checkpoint.metadata, dataset, definition, { fixed });
  requireImageForEach(job, definition.batchSize);
  inRecipe(given, () => requireImages(definition, dataset));
  const training = inRecipe(given, () => checkedTrainingGraph(definition));
  if (resume !== undefined) requireStoredVariables(resume.path, resume.checkpoint.tensors, training);
  return { data, resolved, training };
}

/** Reads the training examples and, if the data set has some, the validation examples. Verifies the test files too, so that a
 * damaged one is found now, not after hours of training. */
async function readExamples({ dataDir, dataset }: ProvidedData, signal: AbortSignal) {
  const examples = await loadExamples(dataDir, dataset, 'train', signal);
  const hasValidation = examplesIn(dataset, 'validation') > 0;
  const validation = hasValidation ? await loadExamples(dataDir, dataset, 'validation', signal) : undefined;
  await loadExamples(dataDir, dataset, 'test', signal);
  return { examples, validation };
}

/** Returns an upper bound on the number of examples to train on. The exact number is not known before the data is read, because
 * the number of held-out examples is rounded per class. */
function mostTrainingExamples(dataset: DatasetDescription, holdout: number): number {
  const all = examplesIn(dataset, 'train');
  return holdout === 0 ? all : all * (1 - holdout) + dataset.classes.length / 2;
}

/** Returns the total number of updates. */
function stepsOf(length: Length, batchSize: number, trainingExamples: number): number {
  return 'epochs' in length ? stepsIn(length.epochs, trainingExamples, batchSize) : length.maxSteps;
}

async function initialWeights(
  { initFrom, trainDir }: TrainingRequest,
  resume: FoundCheckpoint | undefined,
  training: TrainingGraph,
  definition: WeightsRequest,
): Promise<InitialWeights | undefined> {
  if (initFrom === undefined) return undefined;
  if (resume === undefined) return readInitialWeights(initFrom, training, definition);
  throw new RunError(
    `\`initFrom\` starts a new run, but ${trainDir} contains one; use another \`trainDir\`, or \`restart\``,
  );
}

async function* trainAsPlanned(
  request: TrainingRequest,
  plan: Plan,
  control: TrainingControl,
  queue: EventQueue<TrainingEvent>,
): AsyncGenerator<TrainingEvent, void, void> {
  const { run, training, resume, maxSteps } = plan;
  const onWarning = (message: string) => queue.push({ kind: 'warning', message });
  yield startOf(plan);
  const patience = new Patience(control.signal);
  const placed =
    request.logDevicePlacement === true ? await patience.for(placementOf(run, training)) : undefined;
  if (placed !== undefined) yield await writePlacement(request.trainDir, placed);
  const best = new CheckpointStore(join(request.trainDir, 'best'), { keep: 1, onWarning });
  const validator = await openValidator(request, run, best, control.signal);
  let summaries: TrainingSummaries | undefined;
  let sheet: Promise<void> | undefined;
  try {
    const { summarySteps = trainingDefaults.summarySteps } = request;
    const startStep = resume?.checkpoint.metadata.globalStep ?? 0;
    if (summarySteps > 0 && startStep < maxSteps) {
      summaries = await TrainingSummaries.open(request.trainDir, {
        ...{ run, training, startStep, placed },
        onProblem: onWarning,
      });
      yield { kind: 'recording', dir: request.trainDir };
    }
    const events = trainSteps({
      ...trainOptions(request, plan, control),
      ...(validator && { validate: validator.validate }),
      ...(summaries && { summarySteps }),
    });
    for await (const event of events) {
      if (event.kind === 'ready') await leaveRecipe(request, run, event, onWarning);
      // The sheet is drawn in another thread, while this one trains.
      if (event.kind === 'step') sheet ??= leaveDataSheet(request.trainDir, run, onWarning, control.signal);
      yield* queue.pending();
      yield event;
      await summaries?.record(event);
    }
  } finally {
    await Promise.all([validator && patience.for(validator.release()), sheet, summaries?.close()]);
  }
  yield* queue.pending();
}

/** Trains as a process other than the first of a job, without writing files. */
async function* trainAlong(
  request: TrainingRequest,
  plan: Plan,
  control: TrainingControl,
): AsyncGenerator<TrainingEvent, void, void> {
  yield startOf(plan);
  const validator = await openValidator(request, plan.run, undefined, control.signal);
  try {
    yield* trainSteps({
      ...trainOptions(request, plan, control),
      ...(validator && { validate: validator.validate }),
    });
  } finally {
    await validator?.release();
  }
}

function startOf({ run, engineReason, resume, initFrom, scaledFrom, maxSteps }: Plan): TrainingEvent {
  const { path, loaded, fresh } = initFrom ?? {};
  const initialized = path === undefined || !loaded || !fresh ? undefined : { path, loaded, fresh };
  return { kind: 'start', run, engineReason, resumedFrom: resume?.path, initialized, scaledFrom, maxSteps };
}

/** Returns the options that all processes of a run train with. */
function trainOptions(
  { checkpointSteps = trainingDefaults.checkpointSteps, readers = trainingDefaults.readers }: TrainingRequest,
  { run, training, store, resume, initFrom, maxSteps }: Plan,
  control: TrainingControl,
): TrainOptions {
  const given = completeWeights(initFrom, training, run.seed, sampleImagesOf(run));
  return {
    ...{ run, training, store, maxSteps, checkpointSteps, readers, versions: { cifar10: version } },
    ...control,
    ...(resume && { resume }),
    ...(given && { initFrom: given }),
  };
}

/** Writes the recipe of the run to its folder. The run does not need this file, because checkpoints contain the recipe. */
async function leaveRecipe(
  { trainDir, dataDir }: TrainingRequest,
  run: TrainingRun,
  { globalStep, history }: TrainEvent & { readonly kind: 'ready' },
  onWarning: (message: string) => void,
): Promise<void> {
  const metadata = metadataOf({ ...run, history }, globalStep, { cifar10: version });
  await writeRecipeFile(metadata, { trainDir, dataDir }).catch((error: unknown) =>
    onWarning(`cannot write the recipe file, so the run continues without it: ${messageOf(error)}`),
  );
}

/** Prepares the validations of a run: compiles the network for evaluation. Returns undefined if no examples are held out.
 * @param best the store of the best checkpoint. Only the first process of a job has one */
async function openValidator(
  { evalEvery }: TrainingRequest,
  { engine, network, batchSize, examples, validation, hyperparameters, ...run }: TrainingRun,
  best: CheckpointStore | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly validate: Validation; readonly release: () => Promise<void> } | undefined> {
  if (validation === undefined) return undefined;
  const evaluator = await Evaluator.create(engine, network, batchSize, imagesOf(run));
  const validate: Validation = {
    every: evalEvery,
    best,
    score: async (variables) => {
      const weights = scoredWeights(hyperparameters, 'ema');
      const score = await evaluator.score(variables, weights, validation, {
        ranks: run.ranks,
        ...(signal && { signal }),
      });
      return score?.precision;
    },
  };
  return { validate, release: () => evaluator.release() };
}
