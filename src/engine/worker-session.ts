/** A session that runs in a worker thread: the main-thread side, shared by both engines. */
import { RunError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { threadFailure } from '../machine/threads.ts';
import { describeType } from '../tensor/tensor.ts';
import type { PartTime, Session, StepOptions, Tensors } from './engine.ts';
import type { Reply, Request } from './messages.ts';
import type { SessionThread, SessionThreads } from './session-threads.ts';

/** How to start a session, and how to name its engine. */
export interface SessionOptions {
  /** The library's name, for messages. */
  readonly library: string;
  readonly threads: SessionThreads;
  /** Sent to the thread, which replies `done` when the session is ready. */
  readonly start: unknown;
  /** What to do about an error that ended the thread; an empty string if there is no advice. */
  readonly adviceFor: (error: unknown) => string;
}

export class WorkerSession implements Session {
  readonly #graph: Graph;
  readonly #options: SessionOptions;
  readonly #thread: SessionThread;
  #released: Promise<void> | undefined;

  private constructor(graph: Graph, options: SessionOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#thread = options.threads.take();
  }

  /** Resolves when the thread has compiled the graph.
   * @throws RunError when it cannot */
  static async create(graph: Graph, options: SessionOptions): Promise<Session> {
    const session = new WorkerSession(graph, options);
    try {
      await session.#send({ kind: 'start', start: options.start });
    } catch (error) {
      options.threads.giveBack(session.#thread);
      throw error;
    }
    return session;
  }

  async write(variables: Tensors): Promise<void> {
    requireTensors('variable', this.#graph.variables, variables);
    await this.#send({ kind: 'write', tensors: variables });
  }

  async step(feeds: Tensors, { watch = false }: StepOptions = {}): Promise<Tensors> {
    this.#requireFeeds(feeds);
    return this.#tensors({ kind: 'step', feeds, watch });
  }

  read(): Promise<Tensors> {
    return this.#tensors({ kind: 'read' });
  }

  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    this.#requireFeeds(feeds);
    const reply = await this.#send({ kind: 'profile', feeds, steps });
    return reply.kind === 'profiled' ? reply.parts : [];
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    const thread = this.#thread;
    if (thread.hasEnded) return;
    try {
      await this.#ask({ kind: 'release' });
    } catch (error) {
      // The session's memory was not freed, so end its thread instead of reusing it.
      await thread.terminate();
      throw error;
    }
    this.#options.threads.giveBack(thread);
  }

  #requireFeeds(feeds: Tensors): void {
    requireTensors('input', this.#graph.inputs, feeds);
    const missing = [...this.#graph.inputs.keys()].filter((name) => !feeds.has(name));
    if (missing.length > 0) throw new RunError(`graph ${this.#graph.name} is not fed ${missing.join(', ')}`);
  }

  async #tensors(request: Request): Promise<Tensors> {
    const reply = await this.#send(request);
    return reply.kind === 'done' ? reply.tensors : new Map();
  }

  async #send(request: Request): Promise<Reply> {
    if (this.#released === undefined) return this.#ask(request);
    throw new RunError(`the session of graph ${this.#graph.name} is released`);
  }

  /** @throws RunError when the request or the thread fails */
  async #ask(request: Request): Promise<Reply> {
    const { library, adviceFor } = this.#options;
    const reply = await this.#thread.send(request).catch((error: unknown) => {
      const advice = adviceFor(error);
      const end = advice === '' ? '' : `. ${advice}`;
      throw new RunError(`${library} cannot run graph ${this.#graph.name}: ${threadFailure(error)}${end}`, {
        cause: error,
      });
    });
    if (reply.kind !== 'failed') return reply;
    throw new RunError(`${library}, graph ${this.#graph.name}: ${threadFailure(new Error(reply.message))}`);
  }
}

/** @throws RunError when the graph does not have a tensor of that name and type */
function requireTensors(kind: string, expected: ReadonlyMap<string, Value>, tensors: Tensors): void {
  for (const [name, tensor] of tensors) {
    const value = expected.get(name);
    if (value === undefined)
      throw new RunError(`the graph has no ${kind} named ${name}; it has ${[...expected.keys()].join(', ')}`);
    if (describeType(value) === describeType(tensor)) continue;
    throw new RunError(`${kind} ${name} is ${describeType(value)}, but was given ${describeType(tensor)}`);
  }
}
