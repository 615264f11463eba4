/**
 * The membership of this process in an MPI job: joining and leaving it, and which process reports an error. All processes of a job
 * have the same command line, and often fail for the same reason, which is printed only once: the first process prints it and
 * ends the job, while the others wait a moment before they report an error of their own.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { abortLaunch, type Environment, type Launcher, launcherOf } from '../collective/mpi/launcher.ts';
import { type CollectiveName, type Job, startMpi } from '../collective/mpi/start-mpi.ts';
import { command } from '../command.ts';
import { FailedElsewhere, UsageError } from '../errors.ts';
import type { InJob } from './command-table.ts';
import { parseCommandLine } from './parse.ts';
import { startWatchdog } from './watchdog.ts';

/** How long a process waits before it reports an error. Before they join the job, the processes may be seconds apart. */
const [apartMillis, togetherMillis, perRankMillis] = [3000, 1000, 100];
/** How long a process waits for the report of another one that failed. */
const elsewhereMillis = 10_000;
/** How long MPI may take to end this process. MPICH waits for the launcher, which cannot answer when its host is down. */
const abortLimits = { silentMillis: 3000, graceMillis: 0, mostBusyMillis: 0 };

export class Membership {
  readonly #environment: Environment;
  readonly #launcher: Launcher | undefined;
  #job: Job | undefined;
  /** Whether the process is a member of the job, if there is one. */
  #state: 'member' | 'leaving' | 'left' = 'member';

  /** @param words the command line. It may say that the launcher is to be ignored */
  constructor(words: readonly string[], environment: Environment = process.env) {
    this.#environment = environment;
    const launcher = ignoresLauncher(words) ? undefined : launcherOf(environment);
    this.#launcher = launcher?.size === 1 ? undefined : launcher;
  }

  /** Whether the first process of a job, or the only process, is this one. Other processes print no help. */
  get isFirst(): boolean {
    return this.#rank === 0;
  }

  /** Whether this process executes a command.
   * @throws UsageError when several processes cannot execute the command */
  executes(name: string, inJob: InJob): boolean {
    if (this.#launcher === undefined || inJob === 'together') return true;
    if (inJob === 'first') return this.isFirst;
    const { name: starter, size = 'several' } = this.#launcher;
    throw new UsageError(
      `${name}: ${starter} started ${size} processes, but ${inJob.refused}. Start a single process: ${command(name)}`,
    );
  }

  /** Joins the job to which this process belongs. Returns undefined if there is none. */
  async join(collective: CollectiveName): Promise<Job | undefined> {
    this.#job = await startMpi(collective, this.#environment);
    return this.#job;
  }

  /** Leaves the job. Resolves when all its processes have called this. */
  async leave(): Promise<void> {
    this.#state = 'leaving';
    await this.#job?.finalize();
    this.#state = 'left';
  }

  /** Whether other processes wait for this one. */
  get isMember(): boolean {
    return this.#state !== 'left' && (this.#job ?? this.#launcher) !== undefined;
  }

  /** Ends all processes of the job, if the process is a member. While it leaves the job, MPI can no longer abort the job: then this
   * does nothing, and when the process has ended, the launcher ends those that still wait for it. */
  abort(code: number): void {
    if (!this.isMember || this.#state === 'leaving') return;
    this.#state = 'left';
    try {
      startWatchdog('SIGTERM', abortLimits);
      if (this.#job === undefined) abortLaunch(this.#environment, code);
      else this.#job.abort(code === 0 ? 1 : code);
    } catch {
      // The launcher notices that this process ends.
    }
  }

  /** Resolves when this process may report an error. If another process reports one first, it ends this process meanwhile. */
  async turnToReport(error: unknown): Promise<void> {
    if (error instanceof FailedElsewhere) await sleep(elsewhereMillis);
    else if (this.#rank > 0)
      await sleep((this.#job === undefined ? apartMillis : togetherMillis) + perRankMillis * this.#rank);
  }

  /** Where a message comes from, such as `rank 1 on host-b: `. It is empty in the first process. */
  get prefix(): string {
    return this.#rank === 0 ? '' : `rank ${this.#rank} on ${hostname()}: `;
  }

  get #rank(): number {
    return this.#job?.rank ?? this.#launcher?.rank ?? 0;
  }
}

/** Whether each process that an MPI launcher started works alone. */
function ignoresLauncher(words: readonly string[]): boolean {
  try {
    const request = parseCommandLine(words);
    return 'flags' in request && 'collective' in request.flags && request.flags.collective === 'none';
  } catch {
    // `execute` parses the words again, and reports the error.
    return false;
  }
}
