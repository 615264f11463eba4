/** The prefetcher's end of one reader thread. */
import { Worker } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import { startThread, threadFailure } from '../machine/threads.ts';
import { workerFlags } from '../machine/worker-flags.ts';
import type { Batch, BatchBuffers } from './batch.ts';
import { type BatchRequest, memoryOf, type Reply, type Start } from './messages.ts';

interface Pending {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

function readerThread(start: Start): Worker {
  return new Worker(new URL('./cifar10-reader-worker.js', import.meta.url), {
    workerData: start,
    execArgv: workerFlags(),
  });
}

export class Reader {
  readonly #worker: Worker;
  /** Requests without a reply yet, oldest first: replies come in the order of the requests. */
  readonly #pending: Pending[] = [];
  #failure: Error | undefined;

  /** @param begin makes the thread; tests make failing ones.
   * @throws RunError when no thread can be started */
  constructor(start: Start, begin: (start: Start) => Worker = readerThread) {
    this.#worker = startThread('a thread that prepares batches', () => begin(start));
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#fail(threadFailure(error)));
    this.#worker.on('error', (error) => this.#fail(threadFailure(error)));
    this.#worker.on('exit', (code) => this.#fail(`it left with code ${code}`));
  }

  /** The batch of a step, made in the given memory, which the caller must not touch any more. Once a reader has
   * failed, every request is rejected with that failure. */
  prepare(step: number, buffers: BatchBuffers | undefined): Promise<Batch> {
    const prepared = new Promise<Batch>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const request: BatchRequest = { step, buffers };
      this.#worker.postMessage(request, buffers === undefined ? [] : memoryOf(buffers));
      this.#pending.push({ resolve, reject });
    });
    // A batch prepared ahead may fail before anyone asks for it; who asks will hear of it then.
    prepared.catch(() => {});
    return prepared;
  }

  /** Ends the thread and waits until it is gone. What was asked for and is not there yet is rejected. */
  async close(): Promise<void> {
    this.#failEach(new RunError('The input was closed: no more batches come from it.'));
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    if (reply.kind === 'failed') this.#fail(reply.message);
    else this.#pending.shift()?.resolve(reply.batch);
  }

  #fail(what: string): void {
    this.#failEach(new RunError(`The thread that prepares batches failed: ${what}`));
  }

  /** The first failure is the one that is told: those after it are its consequences. */
  #failEach(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}
