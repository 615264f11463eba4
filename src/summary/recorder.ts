/** Records summaries of a run in a thread of its own. */
import { isArrayBuffer } from 'node:util/types';
import { Worker } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import { startThread, threadFailure } from '../machine/threads.ts';
import { workerFlags } from '../machine/worker-flags.ts';
import type { RecordedValue } from './recorded-value.ts';
import type { RecorderReply, RecorderRequest, RecorderStart } from './recorder-messages.ts';

export interface RecorderOptions extends RecorderStart {
  /** Told once when something cannot be written, or when the thread fails: the run goes on without it. */
  readonly onTrouble: (message: string) => void;
}

export class SummaryRecorder {
  readonly #worker: Worker;
  readonly #waiting: (() => void)[] = [];
  #path = '';
  #error: Error | undefined;
  #isOpen = false;
  #pending: Promise<void>;

  private constructor({ onTrouble, ...start }: RecorderOptions) {
    this.#worker = startThread(
      'the thread that writes summaries',
      () =>
        new Worker(new URL('./cifar10-recorder-worker.js', import.meta.url), {
          workerData: start,
          execArgv: workerFlags(),
        }),
    );
    this.#worker.on('message', (reply: RecorderReply) => {
      if (reply.kind === 'trouble') return onTrouble(reply.message);
      this.#path = reply.path;
      this.#waiting.shift()?.();
    });
    this.#worker.on('error', (error) => {
      this.#error = new RunError(`the thread that writes summaries failed: ${threadFailure(error)}`);
      if (this.#isOpen) onTrouble(`summaries are no longer recorded: ${this.#error.message}`);
    });
    this.#worker.on('exit', () => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
    this.#pending = this.#reply();
  }

  /** @throws RunError when no event file can be made in the folder */
  static async open(options: RecorderOptions): Promise<SummaryRecorder> {
    const recorder = new SummaryRecorder(options);
    await recorder.#pending;
    if (recorder.#error !== undefined) throw recorder.#error;
    recorder.#isOpen = true;
    return recorder;
  }

  /** The event file that is written now. */
  get path(): string {
    return this.#path;
  }

  /** Hands a summary over. The memory of its tensors goes to the thread. Resolves at once, unless the summary before it
   * is still worked on: then it waits, so that no more than two are held. */
  async record(step: number, values: readonly RecordedValue[]): Promise<void> {
    await this.#pending;
    const buffers = values.flatMap((value) => (value.kind === 'tensor' ? [bufferOf(value.data)] : []));
    this.#pending = this.#send({ kind: 'record', step, values }, [...new Set(buffers)]);
  }

  /** The graph of the run, as bytes of a GraphDef. */
  async graph(graphDef: Uint8Array): Promise<void> {
    await this.#pending;
    this.#pending = this.#send({ kind: 'graph', graphDef }, []);
  }

  /** Writes what waits. When this resolves, a killed process takes nothing along of what was recorded before. */
  async flush(): Promise<void> {
    await this.#pending;
    this.#pending = this.#send({ kind: 'flush' }, []);
    await this.#pending;
  }

  /** Writes what waits and ends the thread. */
  async close(): Promise<void> {
    await this.#pending;
    await this.#send({ kind: 'close' }, []);
    await this.#worker.terminate();
  }

  #send(request: RecorderRequest, transfer: readonly ArrayBuffer[]): Promise<void> {
    if (this.#error !== undefined) return Promise.resolve();
    this.#worker.postMessage(request, transfer);
    return this.#reply();
  }

  #reply(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** The memory of a tensor that may be given away: all of it is the tensor's.
 * @throws TypeError for a part of a larger piece, which others may still read */
function bufferOf({ buffer, byteLength }: Float32Array): ArrayBuffer {
  if (isArrayBuffer(buffer) && buffer.byteLength === byteLength) return buffer;
  throw new TypeError('a tensor that is recorded must own its memory');
}
