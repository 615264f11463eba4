/**
 * Trains a network: prepares batches, graph, session and variables (initial or restored), and then runs the training loop.
 * `train` is an async generator of events, which the command line prints and tests count. Nothing is printed here.
 */
import {
  aFunction,
  anObjectWith,
  anOptionsObject,
  aSignal,
  aText,
  aWholeNumber,
  type Check,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { trainingLock } from '../checkpoint/training-lock.ts';
import { lockFolder } from '../disk/lock.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import { type RunError, StoppedError } from '../errors.ts';
import { type BatchSource, prefetchBatches } from '../input/prefetch.ts';
import { averageName } from '../optimizer/moving-average.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { requireFinite, requireFiniteVariables, requireScalable } from './divergence.ts';
import { checkedTrainingGraph, earlyImagesOf, requireEarlyEnd } from './early-images.ts';
import { EpochCounter, type EpochReport } from './epochs.ts';
import { follow, overAllRanks } from './follow.ts';
import { initialState } from './loss-scale.ts';
import { Patience } from './patience.ts';
import { Position, rescue } from './rescue.ts';
import type { TrainingRun } from './run-definition.ts';
import { openRunSession } from './sized-session.ts';
import { type StepSummary, Summarizer } from './summarizer.ts';
import { shareOf } from './towers.ts';
import { type StepReport, trainStep } from './train-step.ts';
import { initialVariables, type TrainingGraph } from './training-graph.ts';
import {
  bitChanges,
  imagesOf,
  metadataOf,
  type RecipeChange,
  recipeChanges,
  requireSameRun,
  sampleImagesOf,
  type Versions,
} from './training-run.ts';
import {
  BestKeeper,
  isScored,
  type Validation,
  type ValidationReport,
  ValidationSchedule,
} from './validation.ts';

/** Options of `trainSteps`. */
export interface TrainOptions {
  readonly run: TrainingRun;
  /** The graph of one step of the run, if the caller has already built it (`buildTrainingGraph(run)`). */
  readonly training?: TrainingGraph;
  readonly store: CheckpointStore;
  /** The newest checkpoint of this run, from which to resume. */
  readonly resume?: { readonly path: string; readonly checkpoint: Checkpoint };
  /** The weights of another run with which to start, instead of random ones. */
  readonly initFrom?: Tensors;
  /** The total number of updates, including those before a resume. */
  readonly maxSteps: number;
  /** The number of updates between checkpoints. Checkpoints are also written before the first update and at the end. */
  readonly checkpointSteps: number;
  /** The number of threads that prepare batches. It does not affect the batches. */
  readonly readers?: number;
  readonly validate?: Validation;
  /** The number of steps between summaries. If it is omitted, there are none. Summaries do not affect the run. */
  readonly summarySteps?: number;
  readonly versions: Versions;
  /** When the signal is aborted, the run finishes its current step, saves and ends. A step that takes too long is abandoned. */
  readonly signal?: AbortSignal;
  /** Requests a checkpoint before the next step. */
  readonly saveRequests?: SaveRequests;
}

export const saveRequestsCheck: Check = anObjectWith('take', 'SaveRequests: new SaveRequests()');
const aStore: Check = anObjectWith('save', 'a CheckpointStore');

/** The checks of the options. Every new option needs a line here. */
const trainChecks: OptionChecks<TrainOptions> = {
  run: required(anObjectWith('checksum', 'a run: makeRun(recipe, examples, engine)')),
  training: optional(anObjectWith('graph', 'a training graph: buildTrainingGraph(run)')),
  store: required(aStore),
  resume: optional(anObjectWith('checkpoint', 'a found checkpoint: await store.latest()')),
  initFrom: optional(anObjectWith('get', 'a Map of tensors')),
  maxSteps: required(aWholeNumber(0)),
  checkpointSteps: required(aWholeNumber(1)),
  readers: optional(aWholeNumber(1)),
  validate: optional(
    anOptionsObject<Validation>({
      every: optional(aWholeNumber(1)),
      score: required(aFunction),
      best: optional(aStore),
    }),
  ),
  summarySteps: optional(aWholeNumber(1)),
  versions: required(anOptionsObject<Versions>({ cifar10: required(aText) })),
  signal: optional(aSignal),
  saveRequests: optional(saveRequestsCheck),
};

/** Requests to save and continue. Several requests before a step count as one. */
export class SaveRequests {
  #isPending = false;

  request(): void {
    this.#isPending = true;
  }

  /** Whether there was a request since the last call. */
  take(): boolean {
    const wasPending = this.#isPending;
    this.#isPending = false;
    return wasPending;
  }
}

/** What `trainSteps` reports. */
export type TrainEvent =
  /** The graph is compiled and the variables are set. If the run was resumed, `changes` lists the reasons why results will
   * no longer be bit-identical, `recipe` lists the hyperparameters that the user changed, and `history` contains all such
   * changes since the first step. */
  | {
      readonly kind: 'ready';
      readonly globalStep: number;
      readonly changes: readonly string[];
      readonly recipe: readonly RecipeChange[];
      readonly history: readonly string[];
    }
  /** An activity other than a step that takes a while. */
  | {
      readonly kind: 'busy';
      readonly globalStep: number;
      readonly with: 'compiling' | 'validating' | 'saving';
    }
  | StepReport
  | EpochReport
  /** The receiver owns the tensors of the summary. */
  | StepSummary
  | { readonly kind: 'checkpoint'; readonly globalStep: number; readonly path: string }
  | ValidationReport
  | {
      readonly kind: 'end';
      readonly globalStep: number;
      readonly stopped: boolean;
      readonly waitedMillis: number;
      /** The number of steps of the run that changed no variable, because their gradients were not finite. */
      readonly skippedSteps: number;
      /** Whether a step or a validation was abandoned, and may still be running in the background. */
      readonly isAbandoned?: boolean;
    };

/** Trains until `maxSteps` and yields events. Meanwhile it holds the lock of the folder, unless the caller holds that lock
 * (`CheckpointStoreOptions.isLocked`).
 * @throws UsageError for invalid options, with their names
 * @throws RunError when another training process uses the folder, the loss is no longer finite, or the
 * checkpoint belongs to another run
 * @throws StoppedError when the signal is aborted while it waits for the folder or compiles the graph */
export async function* trainSteps(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  requireOptions(options, trainChecks);
  requireEarlyEnd(options.run);
  if (options.store.isLocked) return yield* trainLocked(options);
  const lost = new AbortController();
  const { signal = lost.signal } = options;
  const onLost = (error: RunError) => {
    options.store.refuseSaves(error);
    lost.abort(error);
  };
  const release = await lockFolder(options.store.dir, { ...trainingLock, onLost }, { signal });
  try {
    yield* trainLocked({ ...options, signal: AbortSignal.any([signal, lost.signal]) });
    if (lost.signal.aborted) throw lost.signal.reason;
  } finally {
    await release();
  }
}

async function* trainLocked(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { run, resume, readers = 1 } = options;
  const stored = resume?.checkpoint.metadata;
  const metadata = metadataOf(run, stored?.globalStep ?? 0, options.versions);
  if (resume !== undefined)
    requireSameRun(resume.path, resume.checkpoint.metadata, run.examples.dataset, run, {
      checksum: run.checksum,
    });

  const { seed, batchSize } = run;
  const { globalStep } = metadata;
  const batches = prefetchBatches(run.examples, {
    ...{ seed, batchSize, firstStep: globalStep, readers, share: shareOf(run) },
    ...{ imageShape: run.network.imageShape, images: imagesOf(run), early: earlyImagesOf(run) },
  });
  const patience = new Patience(options.signal);
  let session: Session | undefined;
  let hasFailed = false;
  try {
    yield { kind: 'busy', globalStep, with: 'compiling' };
    const { training = checkedTrainingGraph(run) } = options;
    // The graph always contains all watched values, because a run must not depend on whether summaries are written.
    session = await patience.for(openRunSession(run, training, globalStep), (late) => void late.release());
    if (session === undefined) throw new StoppedError('nothing was changed');
    await session.write(
      resume === undefined
        ? initialVariables(training, seed, options.initFrom, sampleImagesOf(run))
        : storedVariables(resume.checkpoint, training),
    );
    const { summarySteps } = options;
    const summarizer = summarySteps === undefined ? undefined : new Summarizer(run, training, summarySteps);
    const changes = stored === undefined ? [] : bitChanges(stored, metadata);
    const recipe = stored === undefined ? [] : recipeChanges(stored.hyperparameters, run.hyperparameters);
    const history = [
      ...(stored?.history ?? []),
      ...historyOf(globalStep, changes, recipe, options.initFrom !== undefined),
    ];
    yield { kind: 'ready', globalStep, changes, recipe, history };
    const { ranks } = run;
    if (ranks !== undefined && ranks.rank > 0)
      return yield* follow({ ...options, run, ranks, globalStep }, training, session, batches);
    yield* loop({ ...options, run: { ...run, history } }, training, session, batches, summarizer, patience);
  } catch (error) {
    hasFailed = true;
    throw error;
  } finally {
    const released = Promise.all([batches.close(), session?.release()]);
    // A step that was abandoned, or waits for a process that was lost, blocks its session.
    const isBlocked = patience.hasAbandoned || run.ranks?.lost.aborted === true;
    // After a failure, an error of the release is only a consequence of it.
    const settled = isBlocked || hasFailed ? released.catch(() => undefined) : released;
    if (!isBlocked) await settled;
  }
}

/** Returns those tensors of a checkpoint that are variables of the graph. Versions before 0.2 stored moving averages even if
 * their decay was 0. If there is no average of a state, it starts with the value of the state. */
function storedVariables(
  { tensors, metadata }: Checkpoint,
  { graph: { variables }, states }: TrainingGraph,
): Checkpoint['tensors'] {
  if (metadata.hyperparameters.movingAverageDecay > 0) {
    const averages = states.flatMap(({ variable: { name } }) => {
      const value = tensors.get(name);
      return value !== undefined && variables.has(averageName(name))
        ? [[averageName(name), value] as const]
        : [];
    });
    return new Map([...averages, ...tensors]);
  }
  return new Map([...tensors].filter(([name]) => variables.has(name)));
}

/** Returns lines that say why a new run with the same recipe would end with different weights. */
function historyOf(
  globalStep: number,
  changes: readonly string[],
  recipe: readonly RecipeChange[],
  isInitialized: boolean,
): readonly string[] {
  return [
    ...(isInitialized ? ['the initial weights are those of another run'] : []),
    ...changes,
    ...recipe.map(({ name, before, now }) => `${name}: ${before}, now ${now}`),
  ].map((line) => `step ${globalStep}: ${line}`);
}

/** Runs the training loop. If it fails, the last complete step is saved. */
async function* loop(
  options: TrainOptions,
  training: TrainingGraph,
  session: Session,
  batches: BatchSource,
  summarizer: Summarizer | undefined,
  patience: Patience,
): AsyncGenerator<TrainEvent, void, void> {
  const { resume, run, store, versions } = options;
  const first = resume?.checkpoint.metadata.globalStep ?? 0;
  const state = initialState(training.isLossScaled, resume?.checkpoint.metadata);
  const position = new Position(first, state, resume && { globalStep: first, path: resume.path });
  try {
    yield* iterations(options, training, session, batches, summarizer, patience, position);
  } catch (error) {
    throw yield* rescue(error, position, { run, training, session, store, versions });
  }
}

/** Each iteration validates if that is due, makes an update, and saves the variables from before the update if that is due. The
 * last iteration makes no update. */
async function* iterations(
  { run, store, resume, maxSteps, checkpointSteps, validate, versions, signal, saveRequests }: TrainOptions,
  training: TrainingGraph,
  session: Session,
  batches: BatchSource,
  summarizer: Summarizer | undefined,
  patience: Patience,
  position: Position,
): AsyncGenerator<TrainEvent, void, void> {
  const best = validate && (await BestKeeper.open(validate));
  const epochs = new EpochCounter(run.examples.count, run.batchSize);
  const first = resume?.checkpoint.metadata.globalStep ?? -1;
  const resumed = resume?.checkpoint.metadata;
  const validations = validate && new ValidationSchedule(validate, maxSteps, resumed);
  /** The epoch that ended with the last step. It is reported together with its score. */
  let ended: EpochReport | undefined;
  const { ranks } = run;
  let isAgreed = false;
  const start = Math.max(0, first);
  /** The first step with images of the usual size, for which another graph is compiled. */
  const grows = earlyImagesOf(run)?.steps;
  for (let globalStep = start; ; globalStep++) {
    // Processes that train together all stop after the same step.
    const isAborted = () => (ranks === undefined ? signal?.aborted === true : isAgreed);
    const isLast = () => globalStep >= maxSteps || isAborted();
    const isRequested = saveRequests?.take() === true;
    const due = isLast() || isRequested || globalStep % checkpointSteps === 0;
    const scores = validations?.isDue(globalStep, epochs.endsAt(globalStep), isAborted()) === true;
    let metadata = metadataOf(run, globalStep, versions, position.state);
    let isSaved = position.saved?.globalStep === globalStep;
    const shows = summarizer?.isDue(globalStep) ? summarizer : undefined;
    const needed = scores || (due && !isSaved);
    const tensors = needed || patience.needsCopy ? await readVariables(session) : undefined;
    if (tensors !== undefined) position.keep(tensors);
    const check = () =>
      tensors && requireFiniteVariables(tensors, training.graph.variables, globalStep, position.saved);
    if (ended !== undefined && !scores) yield ended;
    if (needed) check();
    if (best !== undefined && scores && tensors !== undefined) {
      yield { kind: 'busy', globalStep, with: 'validating' };
      const score = await patience.for(best.score(tensors, metadata, ended !== undefined));
      if (score !== undefined) {
        metadata = { ...metadata, validationPrecision: score.precision };
        // The checkpoint that was saved when the validation was interrupted does not contain the score.
        isSaved &&= isScored(resumed);
        yield score;
      }
      // The other processes have stopped too, or this one no longer waits for them.
      isAgreed ||= score === undefined;
      if (ended !== undefined) yield score === undefined ? ended : { ...ended, validation: score };
    }
    // The signal is checked again, so that a stop that was requested during the validation skips the next step.
    const last = isLast();
    if (!last && globalStep === grows && globalStep > start)
      yield { kind: 'busy', globalStep, with: 'compiling' };
    const taken = last
      ? undefined
      : await patience.forStep(
          nextStep(run, training, session, batches, { dir: store.dir, position }, shows, signal?.aborted),
          isSaved || tensors !== undefined,
        );
    // The checkpoint is saved only after the step, because the finite loss of the step shows that its weights are good.
    if ((due || taken === undefined) && !isSaved && tensors !== undefined) {
      if (!needed) check();
      yield { kind: 'busy', globalStep, with: 'saving' };
      position.isSaving = true;
      const path = await store.save({ tensors, metadata });
      position.isSaving = false;
      position.saved = { globalStep, path };
      yield { kind: 'checkpoint', globalStep, path };
    }
    if (taken === undefined) {
      const { waitedMillis } = batches;
      return yield {
        ...{ kind: 'end', globalStep, stopped: globalStep < maxSteps, waitedMillis },
        skippedSteps: position.state.skippedSteps,
        isAbandoned: patience.hasAbandoned,
      };
    }
    yield taken.report;
    if (taken.summary !== undefined) yield taken.summary;
    isAgreed = taken.stops;
    const epoch = epochs.add(taken.report.step, taken.report.correct);
    ended = epoch && (await overAllRanks(epoch, ranks));
  }
}

/** Trains on the next batch. If a summary is due, the step also returns the values that the summary shows.
 * @throws RunError when the loss is not finite, or its gradients are not with the smallest loss scale */
async function nextStep(
  run: TrainingRun,
  training: TrainingGraph,
  session: Session,
  batches: BatchSource,
  { dir, position }: { readonly dir: string; readonly position: Position },
  shows: Summarizer | undefined,
  stop: boolean = false,
) {
  const waitedBefore = batches.waitedMillis;
  const startedAt = performance.now();
  const batch = await batches.next();
  const waitedMillis = batches.waitedMillis - waitedBefore;
  const watch = shows !== undefined;
  const control = { watch, stop, state: position.state };
  const { report: found, outputs, stops, state } = await trainStep(run, training, session, batch, control);
  position.advance(state);
  const { variables } = training.graph;
  const { saved } = position;
  const report: StepReport = { ...found, waitedMillis, stepMillis: performance.now() - startedAt };
  await requireFinite(report, { dir, saved, variables, run, session });
  requireScalable(report, saved);
  const summary = shows?.summarize(batch, outputs, report, batches);
  batches.recycle(batch);
  return { report, summary, stops };
}

async function readVariables(session: Session) {
  return (await session.read()) as ReadonlyMap<string, Float32Tensor>;
}
