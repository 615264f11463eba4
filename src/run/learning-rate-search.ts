/**
 * Finds a learning rate with a range test (training/learning-rate-range.ts). This is a generator of events without flags or
 * console. `cifar10 train --find-learning-rate` prints the events, and the library exports it as `findLearningRate`. The
 * search writes no files, except that it downloads or generates a missing data set.
 */
import { aSignal, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import { aJob, type Job } from '../collective/mpi/start-mpi.ts';
import { loadExamples } from '../data/files.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import { requireRunning, UsageError } from '../errors.ts';
import { EventQueue } from '../events.ts';
import { prefetchBatches } from '../input/prefetch.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import { checkedTrainingGraph, withoutEarlyImages } from '../training/early-images.ts';
import {
  proposeRate,
  type RangePoint,
  RangeTest,
  rangeDefaults,
  rangeRates,
} from '../training/learning-rate-range.ts';
import { isExhausted, type StepState } from '../training/loss-scale.ts';
import { Patience } from '../training/patience.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { openSession, shareOf, trainingGraphOf } from '../training/towers.ts';
import { trainStep } from '../training/train-step.ts';
import { initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { imagesOf, requireImages, sampleImagesOf } from '../training/training-run.ts';
import { factsOfDefinition, requireAlike } from './alike.ts';
import type { PreparationEvent } from './ensure-dataset.ts';
import { engineOfRun, equippedRun } from './equipped-run.ts';
import { completeWeights, readInitialWeights } from './initial-weights.ts';
import { withStatistics } from './normalization-statistics.ts';
import { firstThenOthers, requireImageForEach, together } from './ranks.ts';
import { type GivenRecipe, inRecipe, inRecipeLater } from './recipe-source.ts';
import { sharedInitialWeights, sharedRecipe, sharedSourceRecipe } from './shared-sources.ts';
import type { StopControl } from './stop-control.ts';
import { dataOfRun, requireConsistent, resolveRequest, type TrainingRequest } from './training-request.ts';

/** What `findLearningRate` reports. */
export type LearningRateEvent =
  | PreparationEvent
  /** Everything is verified; the test begins. */
  | { readonly kind: 'start'; readonly run: TrainingRun; readonly steps: number }
  | { readonly kind: 'point'; readonly point: RangePoint }
  | {
      readonly kind: 'end';
      readonly points: readonly RangePoint[];
      /** The proposed rate, or undefined if the loss did not fall enough or the test was stopped. */
      readonly learningRate: number | undefined;
      readonly stopped: boolean;
      /** Whether a step was abandoned, and may still be running in the background. */
      readonly isAbandoned: boolean;
    };

/** Controls `findLearningRate` while it runs. */
export interface SearchControl extends StopControl {
  /** The MPI job that this process belongs to (`startMpi`). All its processes make the same request, and yield the same steps and the
   * same end. */
  readonly job?: Job | undefined;
}

const controlChecks: OptionChecks<SearchControl> = { signal: optional(aSignal), job: optional(aJob) };

/** Trains a new run for a number of steps, each with a higher learning rate, and proposes a rate. The train folder of the
 * request is not used.
 * @throws UsageError for options that are out of range or contradict the test, by name
 * @throws RunError when data or engine cannot be used
 * @throws StoppedError when the signal is aborted before the first step */
export async function* findLearningRate(
  request: TrainingRequest,
  control: SearchControl = {},
): AsyncGenerator<LearningRateEvent, void, void> {
  requireRangeTest(request);
  requireOptions(control, controlChecks);
  const { signal: stop, job } = control;
  const queue = new EventQueue<LearningRateEvent>();
  const ended = new AbortController();
  const signal = stop === undefined ? ended.signal : AbortSignal.any([stop, ended.signal]);
  try {
    const plan = yield* queue.during(prepare(request, signal, queue.push, job));
    yield { kind: 'start', run: plan.run, steps: rangeDefaults.steps };
    yield* test(plan, signal, request.readers);
  } finally {
    ended.abort();
    await queue.settled();
  }
}

/** Checks a request for a range test.
 * @throws UsageError for options that are out of range or contradict the test */
export function requireRangeTest(request: TrainingRequest): void {
  requireConsistent(request);
  if (request.hyperparameters?.learningRate !== undefined)
    throw new UsageError(
      '`learningRate` cannot be combined with `findLearningRate`, which tries many rates; leave out `learningRate`',
    );
  if (request.scaleLearningRate === 'linear')
    throw new UsageError(
      '`scaleLearningRate: linear` cannot be combined with `findLearningRate`, which finds a rate for the batch size that it uses; ' +
        'leave out `scaleLearningRate`',
    );
  if (request.logDevicePlacement === true)
    throw new UsageError(
      '`logDevicePlacement` cannot be combined with `findLearningRate`, which writes no files; leave out `logDevicePlacement`',
    );
  if (request.restart === true)
    throw new UsageError(
      '`restart` cannot be combined with `findLearningRate`, which uses no run folder; leave out `restart`',
    );
}

interface Plan {
  readonly run: TrainingRun;
  readonly training: TrainingGraph;
  readonly initFrom: Tensors | undefined;
}

async function prepare(
  request: TrainingRequest,
  signal: AbortSignal,
  report: (event: LearningRateEvent) => void,
  job: Job | undefined,
): Promise<Plan> {
  const { initFrom } = request;
  const given = (await sharedRecipe(job, request)) ?? (await sharedSourceRecipe(job, request));
  const { data, resolved, training: unscaled } = await together(job, () => check(request, given, job));
  const { definition } = resolved;
  await requireAlike(job, () => factsOfDefinition(definition));
  const weights = await sharedInitialWeights(job, async () =>
    initFrom === undefined ? undefined : readInitialWeights(initFrom, unscaled, definition),
  );
  const chosen = await engineOfRun(resolved, undefined, unscaled, { job, signal, report });
  const provided = await firstThenOthers(job, () =>
    data.provide({ signal, onEvent: (event) => report({ kind: 'data', event }) }),
  );
  const { dataset, dataDir } = withStatistics(provided, definition, weights?.statistics, undefined);
  report({ kind: 'reading', dataset });
  const read = async () => ({ examples: await loadExamples(dataDir, dataset, 'train', signal) });
  const run = await equippedRun(resolved, chosen, undefined, read, job);
  requireRunning(signal);
  const training = trainingGraphOf(run, unscaled);
  return { run, training, initFrom: completeWeights(weights, training, run.seed, sampleImagesOf(run)) };
}

/** Checks everything that can be checked without the data. */
async function check(request: TrainingRequest, given: GivenRecipe | undefined, job: Job | undefined) {
  const data = await inRecipeLater(given, () => dataOfRun(request, given, undefined));
  const resolved = inRecipe(given, () => resolveRequest(request, given, undefined, data.dataset));
  const { definition } = resolved;
  requireImageForEach(job, definition.batchSize);
  inRecipe(given, () => requireImages(definition, data.dataset));
  const training = inRecipe(given, () => checkedTrainingGraph(definition));
  return { data, resolved, training };
}

async function* test(
  { run, training, initFrom }: Plan,
  signal: AbortSignal,
  readers: number = trainingDefaults.readers,
): AsyncGenerator<LearningRateEvent, void, void> {
  const { seed, batchSize } = run;
  const batches = prefetchBatches(run.examples, {
    ...{ seed, batchSize, firstStep: 0, readers, share: shareOf(run) },
    ...{ imageShape: run.network.imageShape, images: imagesOf(run) },
  });
  const patience = new Patience(signal);
  const { minimum, maximum, steps } = rangeDefaults;
  const found = new RangeTest();
  // Processes that train together all stop after the same step.
  let isAgreed = false;
  const isStopped = () => (run.ranks === undefined ? signal.aborted : isAgreed);
  let session: Session | undefined;
  try {
    session = await openSession(run, training);
    await session.write(initialVariables(training, seed, initFrom, sampleImagesOf(run)));
    let state: StepState | undefined;
    for (const learningRate of rangeRates(minimum, maximum, steps)) {
      if (isStopped() || found.hasDiverged) break;
      const batch = await batches.next();
      const ofRate = withRate(run, learningRate);
      const control = { stop: signal.aborted, ...(state && { state }) };
      const step = trainStep(ofRate, training, session, batch, control);
      const taken = await patience.for(step);
      isAgreed = taken?.stops !== false;
      const point = taken && found.add(learningRate, taken.report.totalLoss);
      if (taken === undefined || point === undefined) break;
      if (isExhausted(taken.report.isSkipped, taken.report.lossScale)) break;
      state = taken.state;
      yield { kind: 'point', point };
      batches.recycle(batch);
    }
  } finally {
    const released = Promise.all([batches.close(), session?.release()]);
    if (patience.hasAbandoned || run.ranks?.lost.aborted === true) released.catch(() => undefined);
    else await released;
  }
  const { points } = found;
  const [stopped, isAbandoned] = [isStopped(), patience.hasAbandoned];
  const learningRate = stopped ? undefined : proposeRate(points);
  yield { kind: 'end', points, learningRate, stopped, isAbandoned };
}

/** Returns a copy of the run with this learning rate at every step, and with images of the usual size. */
function withRate(run: TrainingRun, learningRate: number): TrainingRun {
  const hyperparameters = {
    ...withoutEarlyImages(run.hyperparameters),
    schedule: 'constant',
    warmupSteps: 0,
    learningRate,
  } as const;
  return { ...run, hyperparameters };
}
