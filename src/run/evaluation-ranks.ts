/**
 * Evaluation by the processes of an MPI job. The first process decides what is scored: it sends one checkpoint after another to the
 * others, and all of them score it together. While it waits for a new checkpoint, it exchanges messages with the others, so that a
 * stop that any of them was asked for stops all.
 *
 *     first process    score, checkpoint ─► wait ─► wait ─► … ─► score, checkpoint ─► end
 *     other processes  stop?               stop?   stop?         stop?                stop?
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { CheckpointScorer } from './checkpoint-scorer.ts';
import { sharedCheckpoint } from './ranks.ts';

/** What the first process sends: what all processes do next. */
type Turn = 'wait' | 'score' | 'end';
/** What the other processes send at the same time: whether they were asked to stop. */
type Vote = 'continue' | 'stop';
/** The messages by the numbers that are sent. */
const messagesByCode: readonly (Turn | Vote)[] = ['wait', 'score', 'end', 'continue', 'stop'];

/** The time between two messages while the first process waits. */
const messageMillis = 250;

/** Sends the first process's messages to the other processes of the job. Does nothing without a job. */
export class Followers {
  readonly #job: Job | undefined;
  readonly #asked = new AbortController();
  /** Whether the other processes wait for a message. */
  #wait: boolean;

  constructor(job: Job | undefined) {
    this.#job = job;
    this.#wait = job !== undefined;
  }

  /** Aborted when another process was asked to stop. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }

  /** Scores a checkpoint in all processes. Returns undefined if scoring was stopped. */
  async score<R>(found: FoundCheckpoint, score: () => Promise<R | undefined>): Promise<R | undefined> {
    await this.#send('score');
    if (this.signal.aborted) return undefined;
    this.#wait = false;
    await sharedCheckpoint(this.#job, async () => found);
    const result = await score();
    if (result === undefined) this.#asked.abort();
    this.#wait = this.#job !== undefined && result !== undefined;
    return result;
  }

  /** Waits, or returns early if one of the processes is asked to stop. */
  async pause(millis: number, stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, this.signal]);
    const end = performance.now() + millis;
    for (let rest = millis; rest > 0 && !signal.aborted; rest = end - performance.now()) {
      const part = this.#wait ? Math.min(rest, messageMillis) : rest;
      await sleep(part, undefined, { signal }).catch(() => undefined);
      await this.#send('wait');
    }
  }

  /** Ends the evaluation in the other processes, unless they have stopped. */
  async end(): Promise<void> {
    await this.#send('end');
    this.#wait = false;
  }

  async #send(turn: Turn): Promise<void> {
    if (this.#job === undefined || !this.#wait) return;
    const messages = await exchange(this.#job, turn);
    if (!messages.includes('stop')) return;
    this.#wait = false;
    this.#asked.abort();
  }
}

/** Scores the checkpoints that the first process sends, until it ends the evaluation or a process is asked to stop. */
export async function followEvaluation(
  job: Job,
  scorer: CheckpointScorer,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const messages = await exchange(job, signal.aborted ? 'stop' : 'continue');
    if (messages.includes('end') || messages.includes('stop')) return;
    if (messages.includes('wait')) continue;
    const found = await sharedCheckpoint(job, async () => undefined);
    if (found === undefined || (await scorer.score(found.path, found.checkpoint, true)) === undefined) return;
  }
}

/** Sends a message of this process to the others. Returns those of all processes, in the order of their ranks. */
async function exchange(job: Job, own: Turn | Vote): Promise<readonly (Turn | Vote | undefined)[]> {
  return (await job.gather(messagesByCode.indexOf(own))).map((code) => messagesByCode[code]);
}
