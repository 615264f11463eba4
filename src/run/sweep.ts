/**
 * A sweep consists of training runs that differ in some options. They run one after another and are compared on held-out
 * images. This is a generator of events without flags or console. `cifar10 sweep` prints the events, and the library
 * exports it as `runSweep`.
 */

import { join } from 'node:path';
import { requireOptions } from '../arguments.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { failureData, RunError, StoppedError } from '../errors.ts';
import { EventQueue } from '../events.ts';
import { lastMetrics } from '../summary/last-metrics.ts';
import { metricsFileName } from '../summary/metrics-file.ts';
import { tagOf } from '../summary/tags.ts';
import { float32Data } from '../tensor/tensor.ts';
import { lossAverageName, unbiasedAverage } from '../training/training-graph.ts';
import { type CombinationResult, combinationResults } from './sweep-combinations.ts';
import { type PlacedRun, SweepFolder, type SweepResult } from './sweep-folder.ts';
import { planSweep, type SweepRequest } from './sweep-request.ts';
import { runTraining, type TrainingControl, type TrainingEvent, trainingControlChecks } from './training.ts';

/** A run that ended. */
export interface EndedRun {
  readonly run: PlacedRun;
  readonly result: SweepResult;
}

/** What `runSweep` reports. */
export type SweepEvent =
  /** Another process has locked the folder, and this one waits for it. */
  | { readonly kind: 'locked'; readonly message: string }
  /** All runs of the sweep, reported before the first one starts. Runs that already have a result are not repeated. */
  | { readonly kind: 'plan'; readonly runs: readonly PlacedRun[] }
  /** A run starts or resumes. `index` is its position in the plan. */
  | { readonly kind: 'run'; readonly index: number; readonly run: PlacedRun }
  /** An event of the run that is under way. */
  | { readonly kind: 'training'; readonly run: PlacedRun; readonly event: TrainingEvent }
  | ({ readonly kind: 'result'; readonly index: number } & EndedRun)
  /** The sweep ended. `ended` lists the runs that ended: finished runs first, and the best precision first. `combinations`
   * compares combinations of the other options, if there are several seeds. */
  | {
      readonly kind: 'end';
      readonly ended: readonly EndedRun[];
      readonly combinations: readonly CombinationResult[];
      /** The number of planned runs that have not ended. */
      readonly open: number;
      readonly stopped: boolean;
    };

/** Runs all combinations of the values one after another, each in its own folder, and skips those that are already finished.
 * The sweep continues after a run that diverges, which is a result too.
 * @throws UsageError for options that are out of range or contradict each other, before any run starts
 * @throws RunError when the folder is in use or cannot be written, and when a run cannot start */
export async function* runSweep(
  request: SweepRequest,
  control: TrainingControl = {},
): AsyncGenerator<SweepEvent, void, void> {
  requireOptions(control, trainingControlChecks);
  const planned = await planSweep(request);
  const queue = new EventQueue<SweepEvent>();
  const ended = new AbortController();
  const { signal: stop = ended.signal } = control;
  const signal = AbortSignal.any([stop, ended.signal]);
  const onWait = (message: string) => queue.push({ kind: 'locked', message });
  const taking = SweepFolder.take(request.sweepDir, { signal, onWait });
  try {
    const folder = yield* queue.during(taking);
    const runs = planned.map((run) => folder.place(run));
    yield { kind: 'plan', runs };
    const results: EndedRun[] = [];
    for (const [index, run] of runs.entries()) {
      if (run.result !== undefined) results.push({ run, result: run.result });
      else if (!stop.aborted) {
        yield { kind: 'run', index, run };
        const result = yield* trainRun(run, folder, {
          ...control,
          signal: AbortSignal.any([stop, folder.lost]),
        });
        folder.lost.throwIfAborted();
        if (result === undefined) continue;
        results.push({ run, result });
        yield { kind: 'result', index, run, result };
      }
    }
    const [open, stopped] = [runs.length - results.length, stop.aborted];
    const sorted = results.toSorted(byPrecision);
    yield { kind: 'end', ended: sorted, combinations: combinationResults(sorted), open, stopped };
  } finally {
    ended.abort();
    await queue.settled();
    await (await taking.catch(() => undefined))?.release();
  }
}

/** Compares runs for sorting. Finished runs come before others, then the higher best precision comes first, then the higher
 * final precision, then the smaller loss. A missing precision counts as lower than any other. */
function byPrecision({ result: a }: EndedRun, { result: b }: EndedRun): number {
  const [first, second] = [a, b].map(({ status, best, validation, loss }) => [
    Number(status === 'finished'),
    best ?? -1,
    validation ?? -1,
    -(loss ?? 1e9),
  ]);
  const differences = first?.map((value, index) => (second?.[index] ?? 0) - value) ?? [];
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** Trains one run to its end, and returns its result, or undefined if the run was stopped. */
async function* trainRun(
  run: PlacedRun,
  folder: SweepFolder,
  control: TrainingControl,
): AsyncGenerator<SweepEvent, SweepResult | undefined, void> {
  await folder.begin(run);
  const speed = new Speed(run.batchSize);
  let isStarted = false;
  try {
    for await (const event of runTraining({ ...run.request, trainDir: run.trainDir }, control)) {
      isStarted ||= event.kind === 'start';
      speed.add(event);
      yield { kind: 'training', run, event };
    }
    const imagesPerSecond = speed.imagesPerSecond ?? (await recordedSpeed(run.trainDir));
    const result = await resultOf(run, imagesPerSecond);
    if (result !== undefined) await folder.end(run, result);
    return result;
  } catch (error) {
    if (error instanceof StoppedError) return undefined;
    const diverged = failureData(error, 'CIFAR10_DIVERGED');
    // Anything that prevents a run from starting, such as missing data, would also prevent all others.
    if (diverged === undefined && !(isStarted && error instanceof RunError)) throw error;
    folder.lost.throwIfAborted();
    const message = (error as Error).message;
    const result = await failureOf(run, diverged?.step, message);
    if (diverged !== undefined) await folder.end(run, result);
    return result;
  }
}

/** Reads the result of a complete run from its checkpoints. Returns undefined if the run was stopped before its final score. */
async function resultOf(run: PlacedRun, imagesPerSecond: number | null): Promise<SweepResult | undefined> {
  const found = await storeOf(run.trainDir).latest();
  if (found === undefined) return undefined;
  const { tensors, metadata } = found.checkpoint;
  const { globalStep: steps, skippedSteps, validationPrecision: validation } = metadata;
  if (validation === null) return undefined;
  const average = tensors.get(lossAverageName('total_loss'));
  const updates = steps - skippedSteps;
  const loss = average === undefined ? null : unbiasedAverage(float32Data(average)[0] ?? Number.NaN, updates);
  return {
    ...{ status: 'finished', steps, validation, imagesPerSecond, message: null },
    loss: loss !== null && Number.isFinite(loss) ? loss : null,
    ...(await bestOf(run.trainDir)),
  };
}

/** Returns the result of a run that failed.
 * @param step the step whose loss was not finite; undefined for any other failure */
async function failureOf(run: PlacedRun, step: number | undefined, message: string): Promise<SweepResult> {
  const steps = step ?? (await latestOf(run.trainDir))?.globalStep ?? 0;
  return {
    ...{ status: step === undefined ? 'failed' : 'diverged', steps, message },
    ...{ loss: null, validation: null, imagesPerSecond: null },
    ...(await bestOf(run.trainDir)),
  };
}

/** Returns the last speed that the run recorded, or null if there is none. */
async function recordedSpeed(trainDir: string): Promise<number | null> {
  const { tag } = tagOf('examplesPerSecond');
  const found = await lastMetrics(join(trainDir, metricsFileName), [tag]).catch(() => undefined);
  return found?.get(tag) ?? null;
}

async function bestOf(trainDir: string): Promise<Pick<SweepResult, 'best' | 'bestStep'>> {
  const found = await latestOf(join(trainDir, 'best'));
  return { best: found?.validationPrecision ?? null, bestStep: found?.globalStep ?? null };
}

async function latestOf(dir: string): Promise<CheckpointMetadata | undefined> {
  const found = await storeOf(dir)
    .latest()
    .catch(() => undefined);
  return found?.checkpoint.metadata;
}

function storeOf(dir: string): CheckpointStore {
  return new CheckpointStore(dir, { keep: 0, onWarning: () => undefined, isLocked: true });
}

/** Measures the speed of a run in this process, starting with its second step, because the first includes the engine's warm-up. */
class Speed {
  readonly #batchSize: number;
  #first: number | undefined;
  #last = 0;
  #steps = 0;

  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  add({ kind }: TrainingEvent): void {
    if (kind !== 'step') return;
    this.#last = performance.now();
    if (this.#first === undefined) this.#first = this.#last;
    else this.#steps++;
  }

  /** The speed in images per second, or null before the second step. */
  get imagesPerSecond(): number | null {
    if (this.#first === undefined || this.#steps === 0) return null;
    return (this.#steps * this.#batchSize * 1e3) / (this.#last - this.#first);
  }
}
