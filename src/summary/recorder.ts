/** Records summaries of a run in a thread of its own. */
import { isArrayBuffer } from 'node:util/types';
import { Worker } from 'node:worker_threads';
import { threadFailure } from '../threads/start-worker.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import type { RecordedValue } from './recorded-value.ts';

export interface RecorderStart {
  readonly dir: string;
  /** The first step that will be recorded: what earlier files have from there on is void. Left out where nothing is: an
   * evaluator's steps may come in any order. */
  readonly startStep?: number;
  readonly flushSeconds?: number;
}

export interface RecorderOptions extends RecorderStart {
  /** Called once when something cannot be written, or when the thread fails: the run continues without it. */
  readonly onTrouble: (message: string) => void;
}

export type RecorderMethods = {
  readonly record: (step: number, values: readonly RecordedValue[]) => void;
  readonly graph: (graphDef: Uint8Array) => void;
  /** Writes what waits. */
  readonly flush: () => void;
};

type RecorderThread = Thread<RecorderStart, RecorderMethods>;

export class SummaryRecorder {
  readonly #thread: RecorderThread;
  readonly #onTrouble: (message: string) => void;
  #hasFailed = false;
  /** Resolves when the thread has done what it was given last. */
  #pending: Promise<void> = Promise.resolve();

  private constructor(thread: RecorderThread, onTrouble: (message: string) => void) {
    this.#thread = thread;
    this.#onTrouble = onTrouble;
  }

  /** @throws RunError when no event file can be made in the folder, or no thread can be started */
  static async open({ onTrouble, ...start }: RecorderOptions): Promise<SummaryRecorder> {
    const thread: RecorderThread = new Thread('the thread that writes summaries', newRecorder, onTrouble);
    try {
      await thread.begin(start);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
    return new SummaryRecorder(thread, onTrouble);
  }

  /** Hands a summary over. The memory of its tensors goes to the thread. Resolves at once, unless the summary before it
   * is still worked on: then it waits, so that no more than two are held. */
  async record(step: number, values: readonly RecordedValue[]): Promise<void> {
    const buffers = values.flatMap((value) => (value.kind === 'tensor' ? [bufferOf(value.data)] : []));
    await this.#send((thread) => thread.call('record', [step, values], [...new Set(buffers)]));
  }

  /** The graph of the run, as bytes of a GraphDef. */
  async graph(graphDef: Uint8Array): Promise<void> {
    await this.#send((thread) => thread.call('graph', [graphDef]));
  }

  /** Writes what waits. When this resolves, a killed process takes nothing along of what was recorded before. */
  async flush(): Promise<void> {
    await this.#send((thread) => thread.call('flush', []));
    await this.#pending;
  }

  /** Writes what waits, also after a failure if the thread still can, and ends the thread. */
  async close(): Promise<void> {
    await this.#pending;
    await this.#thread.close().catch((error: unknown) => this.#fail(error));
    await this.#thread.terminate();
  }

  /** Resolves when the call is made, after the one before it is done. After a failure nothing is called any more. */
  async #send(call: (thread: RecorderThread) => Promise<void>): Promise<void> {
    await this.#pending;
    if (this.#hasFailed) return;
    this.#pending = call(this.#thread).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const failure = `the thread that writes summaries failed: ${threadFailure(error)}`;
    this.#onTrouble(`summaries are no longer recorded: ${failure}`);
  }
}

function newRecorder(): Worker {
  return new Worker(new URL('./cifar10-recorder-worker.js', import.meta.url), { execArgv: workerFlags() });
}

/** The memory of a tensor that may be given away: all of it is the tensor's.
 * @throws TypeError for a part of a larger piece, which others may still read */
function bufferOf({ buffer, byteLength }: Float32Array): ArrayBuffer {
  if (isArrayBuffer(buffer) && buffer.byteLength === byteLength) return buffer;
  throw new TypeError('a tensor that is recorded must own its memory');
}
