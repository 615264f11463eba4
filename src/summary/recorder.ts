/** Records the summaries of a run in a worker thread. */
import { isArrayBuffer } from 'node:util/types';
import { Worker } from 'node:worker_threads';
import { threadFailure } from '../threads/start-worker.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import type { RecordedValue } from './recorded-value.ts';

export interface RecorderStart {
  readonly dir: string;
  /** The first step that will be recorded. Points of earlier sessions at this step or later are discarded. If the option is
   * omitted, none are discarded; an evaluator needs this, because it may score the steps in any order. */
  readonly startStep?: number;
  readonly flushSeconds?: number;
}

export interface RecorderOptions extends RecorderStart {
  /** Called once, on a write error or a failure of the thread. The run continues without summaries. */
  readonly onProblem: (message: string) => void;
}

export type RecorderMethods = {
  readonly record: (step: number, values: readonly RecordedValue[]) => void;
  readonly graph: (graphDef: Uint8Array) => void;
  /** Writes the buffered events and lines. */
  readonly flush: () => void;
};

type RecorderThread = Thread<RecorderStart, RecorderMethods>;

export class SummaryRecorder {
  readonly #thread: RecorderThread;
  readonly #onProblem: (message: string) => void;
  #hasFailed = false;
  /** Resolves when the thread has finished the previous call. */
  #pending: Promise<void> = Promise.resolve();

  private constructor(thread: RecorderThread, onProblem: (message: string) => void) {
    this.#thread = thread;
    this.#onProblem = onProblem;
  }

  /** @throws RunError when no event file can be created in the folder, or no thread can be started */
  static async open({ onProblem, ...start }: RecorderOptions): Promise<SummaryRecorder> {
    const thread: RecorderThread = new Thread('the thread that writes summaries', newRecorder, onProblem);
    try {
      await thread.begin(start);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
    return new SummaryRecorder(thread, onProblem);
  }

  /** Sends a summary to the thread, and transfers the memory of its tensors. Resolves at once, unless the previous summary
   * is still being processed; then it waits, so that at most two summaries are in memory. */
  async record(step: number, values: readonly RecordedValue[]): Promise<void> {
    const buffers = values.flatMap((value) => (value.kind === 'tensor' ? [bufferOf(value.data)] : []));
    await this.#send((thread) => thread.call('record', [step, values], [...new Set(buffers)]));
  }

  /** Records the graph of the run, as the bytes of a GraphDef. */
  async graph(graphDef: Uint8Array): Promise<void> {
    await this.#send((thread) => thread.call('graph', [graphDef]));
  }

  /** Writes all buffers. When the promise has resolved, everything that was recorded before survives a kill of the process. */
  async flush(): Promise<void> {
    await this.#send((thread) => thread.call('flush', []));
    await this.#pending;
  }

  /** Writes all buffers (even after a failure, if the thread still can) and ends the thread. */
  async close(): Promise<void> {
    await this.#pending;
    await this.#thread.close().catch((error: unknown) => this.#fail(error));
    await this.#thread.terminate();
  }

  /** Resolves when the call has been made, which happens after the previous call is done. After a failure, calls are ignored. */
  async #send(call: (thread: RecorderThread) => Promise<void>): Promise<void> {
    await this.#pending;
    if (this.#hasFailed) return;
    this.#pending = call(this.#thread).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const failure = `the thread that writes summaries failed: ${threadFailure(error)}`;
    this.#onProblem(`summaries are no longer recorded: ${failure}`);
  }
}

function newRecorder(): Worker {
  return new Worker(new URL('./cifar10-recorder-worker.js', import.meta.url), { execArgv: workerFlags() });
}

/** Returns the buffer of a tensor, to be transferred. The tensor must own the whole buffer.
 * @throws TypeError for a view of a larger buffer, which other code may still read */
function bufferOf({ buffer, byteLength }: Float32Array): ArrayBuffer {
  if (isArrayBuffer(buffer) && buffer.byteLength === byteLength) return buffer;
  throw new TypeError('a recorded tensor must own its whole buffer');
}
