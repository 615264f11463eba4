/**
 * A worker thread with a service in it, from the caller's side.
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
 * Calls are answered one at a time and in order, so a caller can make the next call before the reply. It should limit their
 * number, because every call holds its arguments until it is answered.
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
  /** Calls without a reply, oldest first. */
  readonly #waiting: Waiting[] = [];
  #end: { readonly error: unknown } | undefined;

  /**
   * @param purpose what the thread does, as in `a thread that prepares batches`
   * @param start makes the worker, of a file that calls `serve`; bundlers look for the expression of the example
   * @param onNotice called with the service's notices
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

  /** After this, every call rejects. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Starts the service. Rejects with the error that the service threw, or that ended the thread. */
  begin(start: Start): Promise<void> {
    return this.#send({ method: 'begin', args: [start] }) as Promise<void>;
  }

  /** Calls a method of the service. Rejects with the error that it threw (same class and fields), or that ended the thread.
   * @param moved buffers in the arguments to transfer instead of copying */
  call<K extends keyof M & string>(
    method: K,
    args: Parameters<M[K]>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<M[K]>> {
    return this.#send({ method, args }, moved) as Promise<ReturnType<M[K]>>;
  }

  /** Ends the service. The thread stays alive and can start another. */
  close(): Promise<void> {
    return this.#send({ method: 'close', args: [] }) as Promise<void>;
  }

  /** A thread that is not kept alive does not keep the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread and resolves when it has ended. Calls without a reply reject. */
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

  /** Only the first error is kept, because later ones are its consequences. */
  #ended(error: unknown): void {
    this.#end ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end.error);
  }
}
