/** Takes part in an MPI job: the part on the main thread. */
import { Worker } from 'node:worker_threads';
import { anObjectWith, type Check, requireOneOf } from '../../arguments.ts';
import { RunError } from '../../errors.ts';
import { threadFailure } from '../../threads/start-worker.ts';
import { Thread } from '../../threads/thread.ts';
import { workerFlags } from '../../threads/worker-flags.ts';
import { counted } from '../../wording.ts';
import type { GroupStart } from '../group-start.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { JobFacts, MpiMethods } from './cifar10-mpi-worker.ts';
import { type Launcher, launcherOf, requireConnection } from './launcher.ts';
import { openMpi } from './library.ts';
import { LinkWatch, limitFrom } from './link-watch.ts';

/** `auto`: MPI if a launcher started the process as one of several. `mpi`: always. `none`: never. */
export type CollectiveName = 'auto' | 'none' | 'mpi';
export const collectiveNames: readonly CollectiveName[] = ['auto', 'none', 'mpi'];

/**
 * A process of an MPI job, as its main thread sees it. All processes call the same methods in the same order, and each call
 * resolves when the others have made it too. No call may be made while a session takes a step, because the thread of a session
 * then calls MPI.
 */
export interface Job {
  /** The number of this process, from 0, and the number of processes. */
  readonly rank: number;
  readonly size: number;
  /** The name and version of the library, such as `Open MPI 4.1.4`. */
  readonly library: string;
  /** How the thread of a session joins the group of processes. */
  readonly group: GroupStart;
  /** Aborted when the host of another process cannot be reached any more. The reason is a RunError. Calls that wait then reject
   * with it, but steps and threads that wait for other processes are stuck. */
  readonly lost: AbortSignal;
  /** The ranks of the processes that have no connection to the first one, so that the loss of their hosts is not noticed. */
  readonly unwatched: readonly number[];
  /** Sends the bytes of process `root` to all processes, and returns them. Every process passes the same number of bytes. */
  broadcast(bytes: Uint8Array, root: number): Promise<Uint8Array>;
  /** Returns the sums over all processes. */
  sum(values: Float32Array): Promise<Float32Array>;
  /** Returns the numbers of all processes, in the order of their ranks. */
  gather(value: number): Promise<readonly number[]>;
  /** Ends all processes of the job at once, this one included. It may be called at any time before `finalize`, even while other
   * calls wait. */
  abort(exitCode: number): void;
  /** Leaves the job. Resolves when all processes have called it. No other method may be called afterwards, not even `abort`. */
  finalize(): Promise<void>;
}

export const aJob: Check = anObjectWith('group', 'a job: await startMpi()');

/**
 * Settings of MPI libraries, unless the environment contains others.
 *
 * - Open MPI yields the core while it waits for other processes, so that they and our other threads can use it.
 * - UCX, the network library of MPICH and others, does not watch changes of the address space. To test whether it can watch them,
 *   it grows and shrinks the heap during initialization, which unmaps memory that other threads of the process have just
 *   allocated there: about one process in 60 crashed.
 * - UCX leaves the signal SIGSEGV to Node, which uses it for WebAssembly.
 */
const mpiSettings: Readonly<Record<string, string>> = {
  OMPI_MCA_mpi_yield_when_idle: '1',
  UCX_MEM_EVENTS: 'n',
  UCX_ERROR_SIGNALS: 'SIGILL,SIGBUS,SIGFPE',
};

/**
 * Initializes MPI, if the process belongs to an MPI job. If the process exits without `finalize`, the job is aborted, because the
 * other processes would wait for this one. (Launchers notice it too, but srun ends the other processes only with
 * `--kill-on-bad-exit`.) If the process ends by a signal or by the C library's `_exit`, it must call `abort` itself.
 * @returns undefined if the process does not belong to a job of several processes
 * @throws UsageError for an unknown collective
 * @throws RunError when no MPI library is found, the library does not belong to the launcher, or the processes do not find each other
 */
export async function startMpi(
  collective: CollectiveName = 'auto',
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Job | undefined> {
  requireOneOf('collective', collective, collectiveNames);
  const launcher = launcherOf(environment);
  if (collective === 'none') return undefined;
  if (collective === 'auto' && (launcher === undefined || launcher.size === 1)) return undefined;
  requireConnection(environment);
  const seconds = limitFrom(environment);
  // In the main thread, this changes the environment that C libraries see.
  for (const [name, value] of Object.entries(mpiSettings)) process.env[name] ??= value;
  const thread = new Thread<Launcher | undefined, MpiMethods>(
    'the thread that calls MPI',
    () => new Worker(new URL('./cifar10-mpi-worker.js', import.meta.url), { execArgv: workerFlags() }),
  );
  const late = seconds === 0 ? undefined : AbortSignal.timeout(seconds * startLimits * 1000);
  try {
    return await unlessAborted(late, join(thread, launcher, seconds));
  } catch (error) {
    // A thread that MPI blocks cannot be ended.
    if (late?.aborted === true) throw tooLate(seconds, error);
    await thread.terminate();
    throw error;
  }
}

/** How many times the limit of a lost host all processes may need to find each other. Launchers may start them minutes apart. */
const startLimits = 10;

async function join(
  thread: Thread<Launcher | undefined, MpiMethods>,
  launcher: Launcher | undefined,
  seconds: number,
): Promise<Job> {
  await thread.begin(launcher);
  const job = new MpiJob(thread, await thread.call('facts', []));
  await job.watch(seconds);
  return job;
}

function tooLate(seconds: number, cause: unknown): RunError {
  return new RunError(
    `the processes of the MPI job did not find each other within ${counted(seconds * startLimits, 'second')}: a host is down, the ` +
      'network is interrupted, or not all processes were started',
    { cause },
  );
}

class MpiJob implements Job {
  readonly rank: number;
  readonly size: number;
  readonly library: string;
  readonly group: GroupStart;
  readonly #path: string;
  readonly #thread: Thread<Launcher | undefined, MpiMethods>;
  #watch: LinkWatch | undefined;
  readonly #neverLost = new AbortController().signal;
  /** The number of calls without an answer. */
  #calls = 0;
  readonly #abortAtExit = (code: number) => this.abort(code === 0 ? 1 : code);
  /** Node prints an uncaught error only after the event `exit`, so the job is then left for the launcher to end. */
  readonly #leaveToLauncher = () => process.off('exit', this.#abortAtExit);

  constructor(thread: Thread<Launcher | undefined, MpiMethods>, { rank, size, library, version }: JobFacts) {
    this.rank = rank;
    this.size = size;
    this.library = version;
    this.group = { kind: 'mpi', library, rank, size };
    this.#path = library;
    this.#thread = thread;
    thread.keepAlive(false);
    process.once('exit', this.#abortAtExit);
    process.once('uncaughtExceptionMonitor', this.#leaveToLauncher);
  }

  /** Connects this process to the first one, or that one to all others. All processes call this once, first.
   * @param seconds how long a host may give no answer before it is lost */
  async watch(seconds: number): Promise<void> {
    this.#watch = await LinkWatch.open(this, seconds);
  }

  get lost(): AbortSignal {
    return this.#watch?.lost ?? this.#neverLost;
  }

  get unwatched(): readonly number[] {
    return this.#watch?.unwatched ?? [];
  }

  broadcast(bytes: Uint8Array, root: number): Promise<Uint8Array> {
    return this.#call('broadcast', bytes, root);
  }

  sum(values: Float32Array): Promise<Float32Array> {
    return this.#call('sum', values);
  }

  async gather(value: number): Promise<readonly number[]> {
    // Each number is sent as four integers of 16 bits, which float32 represents exactly. All other terms of their sums are 0.
    const parts = new Uint16Array(Float64Array.of(value).buffer);
    const values = new Float32Array(this.size * parts.length);
    values.set(parts, this.rank * parts.length);
    const sums = Uint16Array.from(await this.sum(values));
    return [...new Float64Array(sums.buffer)];
  }

  abort(exitCode: number): void {
    // The control thread may be waiting for other processes, so this thread makes the call, which does not return.
    const library = openMpi(this.#path);
    library.call('Abort', library.handle('COMM_WORLD'), exitCode);
  }

  async finalize(): Promise<void> {
    this.#watch?.beginEnd();
    // MPI can no longer abort the job once this call has begun.
    process.off('exit', this.#abortAtExit);
    process.off('uncaughtExceptionMonitor', this.#leaveToLauncher);
    await this.#call('finalize');
    this.#watch?.close();
    await this.#thread.terminate();
  }

  async #call<K extends keyof MpiMethods>(
    method: K,
    ...args: Parameters<MpiMethods[K]>
  ): Promise<ReturnType<MpiMethods[K]>> {
    this.#calls++;
    this.#thread.keepAlive(true);
    try {
      return await unlessAborted(this.lost, this.#thread.call(method, args));
    } catch (error) {
      if (this.lost.aborted) throw this.lost.reason;
      throw new RunError(`rank ${this.rank}: ${threadFailure(error)}`, { cause: error });
    } finally {
      this.#calls--;
      // A process that has nothing else to do exits, and the job is aborted, even if an error prevented `finalize`.
      this.#thread.keepAlive(this.#calls > 0);
    }
  }
}
