/**
 * The membership of this process in an MPI job: joining and leaving it, and which process reports an error. All processes of a job
 * have the same command line, and often fail for the same reason, which is printed only once.
 *
 * | failure | printed by |
 * |---|---|
 * | in the command line | the first process |
 * | before the process has joined the job, such as a missing MPI library | the first process on each host |
 * | in one process only | that process |
 * | in several processes | the first process, if it is among them, because the others let it end the job first |
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, type Launcher, launcherOf } from '../collective/mpi/launcher.ts';
import { type CollectiveName, type Job, startMpi } from '../collective/mpi/start-mpi.ts';
import { FailedElsewhere, UsageError } from '../errors.ts';

/** How long a process waits before it reports an error, so that a process with a lower rank can report it. A process that waits
 * for the report of another waits longer. */
const [firstMillis, perRankMillis, reportMillis] = [1500, 100, 10_000];

export class Membership {
  readonly #launcher: Launcher | undefined;
  #job: Job | undefined;

  /** @param words the command line. Only training uses MPI */
  constructor(words: readonly string[], environment: Environment = process.env) {
    const isTraining = words[0] === 'train' && !/ --collective[ =]none\b/.test(words.join(' '));
    this.#launcher = isTraining ? launcherOf(environment) : undefined;
  }

  /** Joins the job to which this process belongs. Returns undefined if there is none. */
  async join(collective: CollectiveName): Promise<Job | undefined> {
    this.#job = await startMpi(collective);
    return this.#job;
  }

  /** Leaves the job. Resolves when all its processes have called this. */
  async leave(): Promise<void> {
    await this.#job?.finalize();
    this.#job = undefined;
  }

  /** Whether the process has joined a job and not left it. Other processes then wait for it. */
  get isMember(): boolean {
    return this.#job !== undefined;
  }

  /** Ends all processes of the job, if the process is a member. */
  abort(code: number): void {
    const job = this.#job;
    this.#job = undefined;
    try {
      job?.abort(code === 0 ? 1 : code);
    } catch {
      // The launcher notices that the process ends.
    }
  }

  /** Resolves to whether this process reports an error. If another process reports it first, that process ends this one. */
  async reports(error: unknown): Promise<boolean> {
    const { rank, localRank } = this.#place;
    if (rank === 0) return true;
    if (this.#job === undefined) {
      if (error instanceof UsageError || (localRank ?? 0) > 0) return false;
    }
    await sleep(error instanceof FailedElsewhere ? reportMillis : firstMillis + perRankMillis * rank);
    return true;
  }

  /** Where a message comes from, such as `rank 1 on host-b: `. It is empty in the first process. */
  get prefix(): string {
    const { rank } = this.#place;
    return rank === 0 ? '' : `rank ${rank} on ${hostname()}: `;
  }

  get #place(): { readonly rank: number; readonly localRank: number | undefined } {
    const rank = this.#job?.rank ?? this.#launcher?.rank ?? 0;
    return { rank, localRank: this.#launcher?.localRank };
  }
}
