/** A session that runs in a worker thread. This file contains the part on the main thread. Both engines use it. */
import type { Worker } from 'node:worker_threads';
import { requireOptions, requireWholeNumber } from '../arguments.ts';
import { RunError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { describeType } from '../tensor/tensor.ts';
import { threadFailure } from '../threads/start-worker.ts';
import { Thread } from '../threads/thread.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import {
  type PartTime,
  type PlacedKernel,
  type Recovered,
  type Session,
  type StepOptions,
  stepChecks,
  type Tensors,
} from './engine.ts';

/** The methods of a compiled graph, which run in the thread of its session. */
export type SessionMethods = {
  readonly write: (variables: Tensors) => void;
  readonly step: (feeds: Tensors, watch: boolean) => Tensors;
  /** @throws RunError when a step failed after it had updated some of the variables */
  readonly read: () => Tensors;
  readonly profile: (feeds: Tensors, steps: number) => readonly PartTime[];
  readonly placement: () => readonly PlacedKernel[];
};

/** Creates the pool of threads for the sessions of one engine.
 * @param start makes a worker from a file that serves `SessionMethods` */
export function sessionThreads<Start>(start: () => Worker): ThreadPool<Start, SessionMethods> {
  return new ThreadPool(() => new Thread<Start, SessionMethods>('the thread of a session', start));
}

/** How to start a session, and what to call its engine in messages. */
export interface SessionOptions<Start> {
  /** The library's name, for messages. */
  readonly library: string;
  readonly threads: ThreadPool<Start, SessionMethods>;
  readonly start: Start;
  /** Returns what the user can do about an error that ended the thread, or an empty string if there is no advice. */
  readonly adviceFor: (error: unknown) => string;
}

export class WorkerSession<Start> implements Session {
  readonly #graph: Graph;
  readonly #options: SessionOptions<Start>;
  readonly #thread: Thread<Start, SessionMethods>;
  #released: Promise<void> | undefined;

  private constructor(graph: Graph, options: SessionOptions<Start>) {
    this.#graph = graph;
    this.#options = options;
    this.#thread = options.threads.take();
  }

  /** Starts a session in a thread. Resolves when the thread has compiled the graph.
   * @throws RunError when the thread cannot compile it */
  static async create<Start>(graph: Graph, options: SessionOptions<Start>): Promise<Session> {
    const session = new WorkerSession(graph, options);
    try {
      await session.#answer(session.#thread.begin(options.start));
    } catch (error) {
      options.threads.release(session.#thread);
      throw error;
    }
    return session;
  }

  async write(variables: Tensors): Promise<void> {
    requireTensors('variable', this.#graph.variables, variables);
    await this.#call('write', variables);
  }

  async step(feeds: Tensors, options: StepOptions = {}): Promise<Tensors> {
    requireOptions(options, stepChecks);
    const { watch = false } = options;
    requireFeeds(this.#graph, feeds);
    return this.#call('step', feeds, watch);
  }

  read(): Promise<Tensors> {
    return this.#call('read');
  }

  async recover(): Promise<Recovered> {
    return { variables: await this.read() };
  }

  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    requireWholeNumber('steps', steps, 1);
    requireFeeds(this.#graph, feeds);
    return this.#call('profile', feeds, steps);
  }

  placement(): Promise<readonly PlacedKernel[]> {
    return this.#call('placement');
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    const thread = this.#thread;
    if (thread.hasEnded) return;
    try {
      await this.#answer(thread.close());
    } catch (error) {
      // The memory of the session was not freed, so its thread is ended instead of reused.
      await thread.terminate();
      throw error;
    }
    this.#options.threads.release(thread);
  }

  async #call<K extends keyof SessionMethods>(
    method: K,
    ...args: Parameters<SessionMethods[K]>
  ): Promise<ReturnType<SessionMethods[K]>> {
    if (this.#released !== undefined)
      throw new RunError(`the session of graph ${this.#graph.name} has been released`);
    return this.#answer(this.#thread.call(method, args));
  }

  /** Waits for an answer from the thread. Adds the library and the graph to the messages of errors.
   * @throws RunError when the thread could not answer, or has ended */
  async #answer<Result>(answer: Promise<Result>): Promise<Result> {
    const { library, adviceFor } = this.#options;
    try {
      return await answer;
    } catch (error) {
      const { hasEnded } = this.#thread;
      const advice = hasEnded ? adviceFor(error) : '';
      throw new RunError(
        `${library}${hasEnded ? ' cannot run' : ','} graph ${this.#graph.name}: ${threadFailure(error)}` +
          (advice === '' ? '' : `. ${advice}`),
        { cause: error },
      );
    }
  }
}

/** @throws RunError when a feed is missing, or has a name or type that the graph does not have */
export function requireFeeds({ name, inputs }: Graph, feeds: Tensors): void {
  requireTensors('input', inputs, feeds);
  const missing = [...inputs.keys()].filter((input) => !feeds.has(input));
  if (missing.length === 0) return;
  throw new RunError(
    `graph ${name}: missing ${missing.length === 1 ? 'input' : 'inputs'} ${missing.join(', ')}`,
  );
}

/** @param expected the graph's tensors of this kind
 * @throws RunError when one of the tensors has a name or type that the graph does not have */
function requireTensors(kind: string, expected: ReadonlyMap<string, Value>, tensors: Tensors): void {
  for (const [name, tensor] of tensors) {
    const value = expected.get(name);
    if (value === undefined)
      throw new RunError(`unknown ${kind} ${name}; expected ${[...expected.keys()].join(', ')}`);
    if (describeType(value) === describeType(tensor)) continue;
    throw new RunError(`${kind} ${name}: expected ${describeType(value)}, found ${describeType(tensor)}`);
  }
}
