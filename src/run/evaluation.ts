/**
 * Evaluates a training folder: its newest checkpoint once, or every checkpoint that appears. This is a generator of events
 * without flags or console. `cifar10 eval` prints the events, and the library exports it as `runEvaluation`.
 */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { aSignal, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import { stepOfName } from '../checkpoint/names.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { aJob, type Job } from '../collective/mpi/start-mpi.ts';
import { RunError } from '../errors.ts';
import { type EvaluationKey, EvaluationLog, evaluationLogIn } from '../evaluation/evaluation-log.ts';
import { EventQueue } from '../events.ts';
import { Patience } from '../training/patience.ts';
import { CheckpointScorer, type ScoringEvent } from './checkpoint-scorer.ts';
import { Followers, followEvaluation } from './evaluation-ranks.ts';
import {
  type EvaluationRequest,
  type EvaluationSettings,
  evaluationChecks,
  settingsOf,
} from './evaluation-request.ts';
import { requireOffer } from './fastest-device.ts';
import { adviceFor } from './no-checkpoint.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { leads, together } from './ranks.ts';
import type { StopControl } from './stop-control.ts';

/** What `runEvaluation` reports. */
export type EvaluationEvent =
  /** The folder `dir` is being watched for new checkpoints. Results are appended to `file`. */
  | { readonly kind: 'watching'; readonly dir: string; readonly everySeconds: number; readonly file: string }
  /** The folder has no checkpoint yet. `advice` may contain the path that was probably meant. */
  | { readonly kind: 'noCheckpoint'; readonly dir: string; readonly advice: string | undefined }
  /** An earlier evaluation in this folder has scored the checkpoint. */
  | { readonly kind: 'alreadyScored'; readonly checkpoint: string; readonly globalStep: number }
  /** All checkpoints are scored; the next check follows after a pause. */
  | { readonly kind: 'waiting' }
  | ScoringEvent
  /** The evaluation ended. `images` is the total number of images scored, and `file` contains the results. */
  | {
      readonly kind: 'end';
      readonly images: number;
      readonly stopped: boolean;
      readonly file: string;
      /** Whether scoring continues in the background, because it did not end soon after a stop. */
      readonly isAbandoned: boolean;
    };

/** Controls an evaluation while it runs. */
export interface EvaluationControl extends StopControl {
  /** The MPI job that this process belongs to (`startMpi`). All its processes make the same request, and score together. The first
   * process reads the checkpoints, writes all files and yields all events; the others yield only the end. */
  readonly job?: Job | undefined;
}

export const evaluationControlChecks: OptionChecks<EvaluationControl> = {
  signal: optional(aSignal),
  job: optional(aJob),
};

/** Scores checkpoints, and appends the results to `evaluations.jsonl` and to event files in `evalDir`.
 * @throws UsageError for options that are unknown or out of range, and for an engine that does not offer the precision
 * @throws RunError when no undamaged checkpoint is found, the data or the engine cannot be used, or `evalDir` cannot be written */
export async function* runEvaluation(
  request: EvaluationRequest,
  control: EvaluationControl = {},
): AsyncGenerator<EvaluationEvent, void, void> {
  requireOptions(request, evaluationChecks);
  requireOptions(control, evaluationControlChecks);
  const { signal: stop, job } = control;
  const settings = settingsOf(request);
  requireOffer(settings);
  const queue = new EventQueue<EvaluationEvent>();
  const ended = new AbortController();
  const asked = stop === undefined ? ended.signal : AbortSignal.any([stop, ended.signal]);
  if (job !== undefined && !leads(job)) return yield* follow(settings, job, asked);
  const followers = new Followers(job);
  const signal = AbortSignal.any([asked, followers.signal]);
  const log = await together(job, () => EvaluationLog.open(settings.evalDir));
  const scorer = new CheckpointScorer(settings, { signal, report: queue.push, job });
  // Only a requested stop abandons work. A caller that leaves its loop waits, so that a result that it has seen is saved
  // completely.
  const patience = new Patience(stop);
  const evaluation = new FolderEvaluation(settings, scorer, log, queue, signal, patience, followers);
  let isComplete = false;
  try {
    const isFile = (await stat(settings.checkpointDir).catch(() => undefined))?.isFile() === true;
    if (isFile || settings.runOnce) yield* evaluation.scoreOne();
    else yield* evaluation.watch();
    isComplete = true;
  } finally {
    // If the generator is left early, nothing more is scored or written.
    if (!isComplete) ended.abort();
    await patience.for(queue.settled().then(() => scorer.release()));
    if (!patience.hasAbandoned) await followers.end();
    await log.close();
  }
  yield* queue.pending();
  const stopped = stop?.aborted === true || followers.signal.aborted;
  const { hasAbandoned: isAbandoned } = patience;
  yield { kind: 'end', images: scorer.images, stopped, file: log.file, isAbandoned };
}

/** Evaluates as a process other than the first of a job, without writing files. */
async function* follow(settings: EvaluationSettings, job: Job, signal: AbortSignal): Events {
  await together(job, async () => undefined);
  const scorer = new CheckpointScorer(settings, { signal, report: () => undefined, job });
  try {
    await followEvaluation(job, scorer, signal);
  } finally {
    await scorer.release();
  }
  const file = evaluationLogIn(settings.evalDir);
  yield { kind: 'end', images: scorer.images, stopped: signal.aborted, file, isAbandoned: false };
}

type Events = AsyncGenerator<EvaluationEvent, void, void>;

class FolderEvaluation {
  readonly #settings: EvaluationSettings;
  readonly #scorer: CheckpointScorer;
  readonly #log: EvaluationLog;
  readonly #queue: EventQueue<EvaluationEvent>;
  readonly #signal: AbortSignal;
  readonly #patience: Patience;
  readonly #followers: Followers;
  readonly #store: CheckpointStore;

  constructor(
    settings: EvaluationSettings,
    scorer: CheckpointScorer,
    log: EvaluationLog,
    queue: EventQueue<EvaluationEvent>,
    signal: AbortSignal,
    patience: Patience,
    followers: Followers,
  ) {
    this.#settings = settings;
    this.#scorer = scorer;
    this.#log = log;
    this.#queue = queue;
    this.#signal = signal;
    this.#patience = patience;
    this.#followers = followers;
    this.#store = new CheckpointStore(settings.checkpointDir, { keep: 0, onWarning: this.#warn });
  }

  readonly #warn = (message: string): void => this.#queue.push({ kind: 'warning', message });

  /** Scores the checkpoint file that the request names, or the newest checkpoint of its folder.
   * @throws RunError when there is no checkpoint */
  async *scoreOne(): Events {
    const { path, checkpoint } = yield* this.#queue.during(
      openCheckpoint(this.#settings.checkpointDir, this.#warn),
    );
    const key = await this.#keyOf(path);
    yield* this.#score(path, checkpoint, key && { ...key, globalStep: checkpoint.metadata.globalStep });
  }

  /** Checks for new checkpoints repeatedly, and scores each of them once, oldest first. */
  async *watch(): Events {
    const { checkpointDir: dir, evalIntervalSecs: everySeconds } = this.#settings;
    yield { kind: 'watching', dir, everySeconds, file: this.#log.file };
    const handled = new Set<string>();
    while (!this.#signal.aborted) {
      const paths = await this.#store.paths();
      yield* this.#queue.pending();
      if (paths.length === 0) yield { kind: 'noCheckpoint', dir, advice: await adviceFor(dir) };
      for (const path of paths) {
        const key = await this.#keyOf(path);
        if (this.#signal.aborted || key === undefined || handled.has(JSON.stringify(key))) continue;
        handled.add(JSON.stringify(key));
        yield* this.#scoreOnce(path, key);
      }
      yield { kind: 'waiting' };
      await this.#followers.pause(everySeconds * 1000, this.#signal);
    }
  }

  async *#scoreOnce(path: string, key: EvaluationKey): Events {
    if (this.#log.has(key)) {
      yield { kind: 'alreadyScored', checkpoint: key.checkpoint, globalStep: key.globalStep };
      return;
    }
    const checkpoint = await readIfThere(path, this.#warn);
    yield* this.#queue.pending();
    if (checkpoint !== undefined) yield* this.#score(path, checkpoint, key);
  }

  /** Scores a checkpoint. If it was scored before, it gets a new line in the log, but not a second point in TensorBoard. */
  async *#score(path: string, checkpoint: Checkpoint, key: EvaluationKey | undefined): Events {
    yield* this.#queue.during(this.#patience.for(this.#scoreAndLog(path, checkpoint, key)));
  }

  async #scoreAndLog(path: string, checkpoint: Checkpoint, key: EvaluationKey | undefined): Promise<void> {
    const isRecorded = key !== undefined && this.#log.has({ ...key, report: false });
    const score = () => this.#scorer.score(path, checkpoint, isRecorded);
    const result = await this.#followers.score({ path, checkpoint }, score);
    if (result !== undefined && key !== undefined) await this.#log.add(key, result);
  }

  /** Returns the key of the evaluation of a file, or undefined if the training process has deleted the file. */
  async #keyOf(path: string): Promise<EvaluationKey | undefined> {
    const { evalData, weights, numExamples, report, tta } = this.#settings;
    const otherData = otherDataOf(this.#settings);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    const globalStep = stepOfName(basename(path)) ?? -1;
    const modified = found.mtimeMs;
    return {
      ...{ checkpoint: path, globalStep, modified, evalData, otherData, weights, numExamples, report },
      ...(tta !== 'none' && { tta }),
    };
  }
}

/** Returns the data that a request names, as text, or null for the data of the checkpoint. */
function otherDataOf({ dataset, labels, data }: EvaluationSettings): string | null {
  const named = [dataset, labels, data === undefined ? undefined : resolve(data)];
  const given = named.filter((name) => name !== undefined);
  return given.length === 0 ? null : given.join(' ');
}

/** Reads a checkpoint. If it is damaged, warns and returns undefined. If the training process has deleted it, returns undefined
 * without a warning. */
async function readIfThere(path: string, onWarning: (text: string) => void): Promise<Checkpoint | undefined> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) onWarning(`skipped a checkpoint: ${error.message}`);
    return undefined;
  }
}
