/**
 * A worker thread with a service in it, as the caller sees it.
 *
 *     type Adding = { readonly add: (more: number) => number };
 *
 *     serve<number, Adding>((sum) => ({ add: (more) => (sum += more) }));                       // adding-worker.ts
 *
 *     const thread = new Thread<number, Adding>(
 *       'a thread that adds',
 *       () => new Worker(new URL('./adding-worker.js', import.meta.url), { execArgv: workerFlags() }),
 *     );
 *     await thread.begin(40);
 *     await thread.call('add', [2]);      // 42
 *     await thread.terminate();
 *
 * Calls are answered one at a time and in order, so a caller can make a call before the previous one is answered. Callers
 * should limit the number of such calls, because each holds its arguments until it is answered.
 */
import type { Worker } from 'node:worker_threads';
import type { Call, Methods, Reply } from './calls.ts';
import { startWorker } from './start-worker.ts';
import { unpackError } from './thrown.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Thread<Start, M extends Methods> {
  readonly #worker: Worker;
  /** The calls without a reply, oldest first. */
  readonly #waiting: Waiting[] = [];
  #end: { readonly error: unknown } | undefined;

  /**
   * @param purpose what the thread does, as in `a thread that prepares batches`
   * @param start makes the worker from a file that calls `serve`. Bundlers look for an expression like the one in the example
   * @param onNotice called with each notice that the service sends
   * @throws RunError when the machine has no room for another thread
   */
  constructor(purpose: string, start: () => Worker, onNotice: (notice: string) => void = () => {}) {
    this.#worker = startWorker(purpose, start);
    this.#worker.on('message', (reply: Reply) => {
      if (reply.kind === 'notice') return onNotice(reply.notice);
      const waiting = this.#waiting.shift();
      if (reply.kind === 'returned') waiting?.resolve(reply.result);
      else waiting?.reject(unpackError(reply.thrown));
    });
    this.#worker.on('messageerror', (error) => this.#ended(error));
    this.#worker.on('error', (error) => this.#ended(error));
    this.#worker.on('exit', (code) => this.#ended(new Error(`its thread ended with code ${code}`)));
  }

  /** Whether the thread has ended. If it has, every call rejects. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Starts the service. Rejects with the error that the service threw, or with the one that ended the thread. */
  begin(start: Start): Promise<void> {
    return this.#send({ method: 'begin', args: [start] }) as Promise<void>;
  }

  /** Calls a method of the service. Rejects with the error that the method threw (of the same class, with the same fields),
   * or with the one that ended the thread.
   * @param moved the buffers in the arguments that are to be transferred instead of copied */
  call<K extends keyof M & string>(
    method: K,
    args: Parameters<M[K]>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<M[K]>> {
    return this.#send({ method, args }, moved) as Promise<ReturnType<M[K]>>;
  }

  /** Ends the service. The thread stays alive and can start another service. */
  close(): Promise<void> {
    return this.#send({ method: 'close', args: [] }) as Promise<void>;
  }

  /** Sets whether the thread keeps the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread, and resolves when it has ended. Calls without a reply reject. */
  async terminate(): Promise<void> {
    this.#ended(new Error('its thread was ended'));
    await this.#worker.terminate();
  }

  #send(call: Call, moved: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(call, moved);
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Makes all waiting and future calls reject. Only the first error is kept, because later ones are consequences of it. */
  #ended(error: unknown): void {
    this.#end ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end.error);
  }
}
