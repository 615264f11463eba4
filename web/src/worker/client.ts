/** Calls the worker from the page. The worker starts with the first call. */
import type { ProgressEvent, RequestName, Requests, WorkerMessage } from './messages.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerClient {
  readonly #onProgress: (event: ProgressEvent) => void;
  readonly #onLost: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;

  /** @param onLost called when the worker failed, and what it had in its memory is gone */
  constructor(onProgress: (event: ProgressEvent) => void, onLost: () => void = () => undefined) {
    this.#onProgress = onProgress;
    this.#onLost = onLost;
  }

  /** @throws Error when the request fails, or the worker ends before it has replied */
  call<Name extends RequestName>(
    name: Name,
    argument: Requests[Name]['argument'],
  ): Promise<Requests[Name]['result']> {
    const worker = this.#started();
    const id = this.#calls++;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, argument });
    }) as Promise<Requests[Name]['result']>;
  }

  /** Ends the worker. Calls without a reply fail. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#failAll('the computation was stopped');
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<WorkerMessage>) => this.#receive(data));
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#failAll(`the worker of the page failed: ${message || 'it could not be loaded'}`);
      this.#onLost();
    });
    this.#worker = worker;
    const engine = new URLSearchParams(location.search).get('engine');
    worker.postMessage({ id: this.#calls++, name: 'useEngine', argument: engine });
    return worker;
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === 'progress') {
      this.#onProgress(message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'reply') waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.message));
  }

  #failAll(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
