/**
 * Measures a recipe as the field reports it: several complete runs with the seeds 0, 1, 2 …, each trained on all training images
 * and scored once on the test images, with the mean and the standard deviation over the runs.
 *
 * (A sweep is different: it chooses between options, compares its runs on held-out images, and never reads the test images.)
 *
 * The time of a run is that of its training steps, including the wait for batches. As in airbench
 * (https://github.com/KellerJordan/cifar10-airbench), it contains no warm-up: reading the data, compiling the step, checkpoints and the
 * evaluation are not part of it, and the first step, in which engines allocate memory, counts as much as the mean of the others. So does
 * the first step with images of another size (`earlySize`), whose time includes the compilation for that size.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Device, Engine } from '../engine/engine.ts';
import { failureData, RunError } from '../errors.ts';
import { requireFlips } from '../evaluation/evaluate.ts';
import type { TestTimeAugmentation } from '../input/test-time.ts';
import { makeTemporaryFolder } from '../machine/temporary.ts';
import { runEvaluation } from '../run/evaluation.ts';
import { meanDeviation } from '../run/mean-deviation.ts';
import { runTraining, type TrainingEvent } from '../run/training.ts';
import type { TrainingRequest } from '../run/training-request.ts';
import { earlyImagesOf } from '../training/early-images.ts';
import { imagesOf } from '../training/training-run.ts';
import { describeMachine } from './describe-machine.ts';
import type { CompleteRun, Measurements } from './measurement.ts';
import { StepClock } from './step-clock.ts';

/** The options of all runs. The length is that of the recipe unless it is given. */
export interface CompleteRunsRequest
  extends Omit<
    TrainingRequest,
    'trainDir' | 'seed' | 'restart' | 'summarySteps' | 'checkpointSteps' | 'keep' | 'logDevicePlacement'
  > {
  /** The number of runs, at least 1. */
  readonly runs: number;
  /** The views over which a second precision averages. Default: none */
  readonly tta?: TestTimeAugmentation | undefined;
  /** The folder in which the runs are kept, each in a folder of its own. Default: none are kept. */
  readonly trainDir?: string | undefined;
}

/** The size of the checkpoints of a run. */
const runBytes = 150 * 2 ** 20;

/** Trains and scores the runs one after another. After an abort, the current run ends soon and is not counted. A run that diverges
 * is reported as failed, and the others are measured.
 * @throws UsageError for options that are out of range or contradict each other
 * @throws RunError when a folder already contains a run, and when a run cannot start, write or be scored
 * @throws StoppedError when the signal is aborted before the first step of a run */
export async function* measureCompleteRuns(
  { runs, trainDir, tta, ...request }: CompleteRunsRequest,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): Measurements {
  const seeds = Array.from({ length: runs }, (_, seed) => seed);
  if (trainDir !== undefined) for (const seed of seeds) await requireNoRun(folderOf(trainDir, seed));
  const folder = trainDir ?? makeTemporaryFolder('cifar10-bench-', runBytes);
  const done: CompleteRun[] = [];
  const warnings = new Set<string>();
  let { device } = request;
  try {
    for (const seed of seeds) {
      const place = folderOf(folder, seed);
      const run = new OneRun({ ...request, device, seed, trainDir: place }, tta, runs, signal);
      try {
        for await (const measurement of run.measure()) {
          // Most warnings, such as one about the engine, are the same for all runs.
          if (measurement.kind === 'warning' && warnings.has(measurement.message)) continue;
          if (measurement.kind === 'warning') warnings.add(measurement.message);
          yield measurement;
        }
        // With `device: auto`, the first run chooses for all.
        device = run.device ?? device;
        if (run.result !== undefined) done.push(run.result);
      } catch (error) {
        const diverged = failureData(error, 'CIFAR10_DIVERGED');
        if (diverged === undefined) throw error;
        const advice = trainDir === undefined ? 'keep the runs (`trainDir`) to see why' : `see ${place}`;
        const why = `the run diverged at step ${diverged.step}; ${advice}`;
        yield { kind: 'failedRun', seed, why };
      }
      if (trainDir === undefined) await rm(place, { recursive: true, force: true });
      if (signal.aborted) break;
    }
    if (done.length > 0) yield { kind: 'benchRuns', ...summaryOf(done), requested: runs };
  } finally {
    if (trainDir === undefined) await rm(folder, { recursive: true, force: true });
  }
}

function folderOf(folder: string, seed: number): string {
  return join(folder, `seed=${seed}`);
}

async function requireNoRun(folder: string): Promise<void> {
  const store = new CheckpointStore(folder, { keep: 0, onWarning: () => undefined, isLocked: true });
  if ((await store.latest().catch(() => undefined)) === undefined) return;
  throw new RunError(`${folder} already contains a run. Use another \`trainDir\`, or move it away.`);
}

function summaryOf(runs: readonly CompleteRun[]) {
  const over = (value: (run: CompleteRun) => number) => meanDeviation(runs.map(value));
  return {
    runs: runs.length,
    precision: over(({ precision }) => precision),
    ...(runs.every(({ ttaPrecision }) => ttaPrecision !== undefined) && {
      ttaPrecision: over(({ ttaPrecision = Number.NaN }) => ttaPrecision),
    }),
    seconds: over(({ seconds }) => seconds),
    imagesPerSecond: over(({ imagesPerSecond }) => imagesPerSecond),
  };
}

/** One run: its training and its evaluation. */
class OneRun {
  readonly #request: TrainingRequest & { readonly seed: number };
  readonly #tta: TestTimeAugmentation | undefined;
  readonly #runs: number;
  readonly #signal: AbortSignal;
  readonly #clock: StepClock = new StepClock();
  #start: Extract<TrainingEvent, { readonly kind: 'start' }> | undefined;
  #result: CompleteRun | undefined;

  constructor(
    request: TrainingRequest & { readonly seed: number },
    tta: TestTimeAugmentation | undefined,
    runs: number,
    signal: AbortSignal,
  ) {
    this.#request = request;
    this.#tta = tta;
    this.#runs = runs;
    this.#signal = signal;
  }

  /** The result, or undefined if the run was stopped. */
  get result(): CompleteRun | undefined {
    return this.#result;
  }

  /** Where the run computed, or undefined if it did not start. */
  get device(): Device | undefined {
    return this.#start?.run.engine.device;
  }

  async *measure(): Measurements {
    yield* this.#train();
    const start = this.#start;
    if (start === undefined || this.#signal.aborted) return;
    const { run, maxSteps: steps } = start;
    const scored = yield* this.#score(run.engine);
    if (scored === undefined) return;
    const { seed } = this.#request;
    const seconds = this.#clock.seconds;
    const imagesPerSecond = (steps * run.batchSize) / seconds;
    this.#result = { recipe: run.recipe ?? 'tutorial', seed, steps, ...scored, seconds, imagesPerSecond };
    yield { kind: 'benchCompleteRun', ...this.#result };
  }

  async *#train(): Measurements {
    const { seed } = this.#request;
    let sizeChange: number | undefined;
    const kept = { summarySteps: 0, keep: 1, checkpointSteps: Number.MAX_SAFE_INTEGER };
    for await (const event of runTraining({ ...this.#request, ...kept }, { signal: this.#signal })) {
      if (event.kind === 'start') {
        this.#start = event;
        sizeChange = earlyImagesOf(event.run)?.steps;
        requireFlips(this.#tta ?? 'none', imagesOf(event.run).augmentation);
        if (seed === 0) yield describeMachine([event.run.engine.library]);
      }
      if (event.kind === 'warning') yield { kind: 'warning', message: event.message };
      if (event.kind === 'data' || event.kind === 'reading') yield { kind: 'running', title: `seed ${seed}` };
      if (event.kind !== 'step') continue;
      this.#clock.add(event.stepMillis, event.step === 0 || event.step === sizeChange);
      const { maxSteps = 0 } = this.#start ?? {};
      const step = event.step + 1;
      const millisLeft = this.#clock.millisFor(maxSteps * (this.#runs - seed) - step);
      yield { kind: 'runProgress', seed, runs: this.#runs, step, steps: maxSteps, millisLeft };
    }
  }

  /** Scores the last checkpoint on the test images. Returns undefined if it was stopped. */
  async *#score({ name, precision, device }: Engine) {
    const { trainDir, dataDir, cache, seed } = this.#request;
    const evaluation = runEvaluation(
      {
        ...{ checkpointDir: trainDir, evalDir: join(trainDir, 'eval'), dataDir, cache, runOnce: true },
        ...{ engine: name, precision, device, tta: this.#tta },
      },
      { signal: this.#signal },
    );
    for await (const event of evaluation) {
      if (event.kind === 'warning') yield { kind: 'warning', message: event.message } as const;
      if (event.kind === 'evaluating') yield { kind: 'running', title: `seed ${seed}, scoring` } as const;
      if (event.kind !== 'evaluation') continue;
      const { total, correct, precision, ttaCorrect, ttaPrecision } = event.result;
      const second = ttaPrecision === undefined ? {} : { tta: event.tta, ttaCorrect, ttaPrecision };
      return { total, correct, precision, ...second };
    }
    return undefined;
  }
}
