/** A session that lives in a thread of its own: what both engines have in common on this side of the thread. */
import { Worker } from 'node:worker_threads';
import { messageOf, RunError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { describeType } from '../tensor/tensor.ts';
import type { PartTime, Session, StepOptions, Tensors } from './engine.ts';
import type { Reply, Request } from './messages.ts';

/** How a session's thread is started, and how it is spoken of. */
export interface SessionThread {
  /** The library's name, for messages. */
  readonly library: string;
  readonly script: URL;
  /** Given to the thread; it replies `done` when the session is ready. */
  readonly start: unknown;
  /** What to do when the thread cannot run. */
  readonly advice: string;
}

export class WorkerSession implements Session {
  readonly #worker: Worker;
  readonly #graph: Graph;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;
  #released: Promise<void> | undefined;

  private constructor(graph: Graph, { library, script, start, advice }: SessionThread) {
    this.#graph = graph;
    this.#worker = new Worker(script, { workerData: start });
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.shift();
      if (reply.kind !== 'failed') waiting?.resolve(reply);
      else waiting?.reject(new RunError(`${library}, graph ${graph.name}: ${reply.message}`));
    });
    this.#worker.on('error', (error) =>
      this.#end(`${library} cannot run graph ${graph.name}: ${messageOf(error)}. ${advice}`),
    );
    this.#worker.on('exit', () => this.#end(`the session of graph ${graph.name} is released`));
  }

  /** Resolves when the thread has made the graph ready.
   * @throws RunError when it cannot */
  static async create(graph: Graph, thread: SessionThread): Promise<Session> {
    const session = new WorkerSession(graph, thread);
    try {
      await session.#reply();
    } catch (error) {
      await session.#worker.terminate();
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
    if (this.#ended !== undefined) return;
    const exit = new Promise((resolve) => this.#worker.once('exit', resolve));
    try {
      await this.#send({ kind: 'release' });
    } finally {
      await exit;
    }
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

  #send(request: Request): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#worker.postMessage(request);
    return this.#reply();
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #end(reason: string): void {
    this.#ended ??= new RunError(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** @throws RunError when a tensor has no place in the graph or does not fit it. */
function requireTensors(kind: string, places: ReadonlyMap<string, Value>, tensors: Tensors): void {
  for (const [name, tensor] of tensors) {
    const place = places.get(name);
    if (place === undefined)
      throw new RunError(`the graph has no ${kind} named ${name}; it has ${[...places.keys()].join(', ')}`);
    if (describeType(place) === describeType(tensor)) continue;
    throw new RunError(`${kind} ${name} is ${describeType(place)}, it was given ${describeType(tensor)}`);
  }
}
