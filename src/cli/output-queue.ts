/**
 * Writes standard output and standard error in the order of the calls, without ever blocking the main thread. Node.js
 * itself writes to terminals and files synchronously. A terminal that is paused (Ctrl-S), or a file system that hangs, would
 * therefore stop all timers and signal handlers.
 *
 * | descriptor | written with |
 * |---|---|
 * | terminal, file, device | `fs.write`, in a thread of Node's pool |
 * | pipe, socket; everything on Windows | the stream of Node.js, which does not block there |
 */
import { fstatSync, write as writeCallback } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from '../errors.ts';

export type StreamName = 'out' | 'err';

/** Writes a text. Resolves when the system has accepted it. */
export type Sink = (text: string) => Promise<void>;

/** Consecutive texts for one stream are combined into writes of about this many characters. */
const pieceLength = 1 << 16;
/** Callers that write a lot wait while the queue contains more characters than this. */
const roomLength = 8 << 20;
/** The reader of the output is slow if a write takes longer than this. */
const slowMillis = 100;

interface Waiting {
  readonly stream: StreamName;
  readonly text: string;
}

export class OutputQueue {
  readonly #sinks: Readonly<Record<StreamName, Sink>>;
  readonly #onError: (stream: StreamName, error: unknown) => void;
  readonly #failed = new Set<StreamName>();
  readonly #idle: (() => void)[] = [];
  #waiting: Waiting[] = [];
  #length = 0;
  /** When the current write started, or undefined if there is none. */
  #busySince: number | undefined;

  /** @param onError called with the first error of each stream. Later output to that stream is dropped */
  constructor(
    sinks: Readonly<Record<StreamName, Sink>>,
    onError: (stream: StreamName, error: unknown) => void,
  ) {
    this.#sinks = sinks;
    this.#onError = onError;
  }

  write(stream: StreamName, text: string): void {
    if (this.#failed.has(stream)) return;
    this.#waiting.push({ stream, text });
    this.#length += text.length;
    if (this.#busySince === undefined) void this.#run();
  }

  /** Whether the reader of the output is slow. */
  get isBehind(): boolean {
    return this.#busySince !== undefined && performance.now() - this.#busySince > slowMillis;
  }

  /** Resolves when everything has been written. */
  async idle(): Promise<void> {
    if (this.#busySince !== undefined) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when the queue is short enough for more output, or when `signal` is aborted. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.#length > roomLength && !signal.aborted)
      await Promise.race([this.idle(), sleep(slowMillis, undefined, { signal }).catch(() => undefined)]);
  }

  /**
   * Waits a moment for the queued text to be written. The rest of standard error is then written out of turn, because
   * standard output may not be read.
   */
  async flushBriefly(millis: number): Promise<void> {
    await Promise.race([this.idle(), sleep(millis)]);
    const errors = this.#waiting.filter(({ stream }) => stream === 'err').map(({ text }) => text);
    if (errors.length === 0) return;
    this.#drop('err');
    await Promise.race([this.#sinks.err(errors.join('')).catch(() => undefined), sleep(millis)]);
  }

  async #run(): Promise<void> {
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      this.#busySince = performance.now();
      try {
        await this.#sinks[piece.stream](piece.text);
      } catch (error) {
        this.#fail(piece.stream, error);
      }
      this.#length -= piece.text.length;
    }
    this.#busySince = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Takes the text of the next write from the queue. Returns undefined if the queue is empty. */
  #next(): Waiting | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    let [count, length] = [0, 0];
    for (const { stream, text } of this.#waiting) {
      if (stream !== first.stream || length > pieceLength) break;
      count++;
      length += text.length;
    }
    const pieces = this.#waiting.splice(0, count);
    return { stream: first.stream, text: pieces.map(({ text }) => text).join('') };
  }

  #fail(stream: StreamName, error: unknown): void {
    const isFirst = !this.#failed.has(stream);
    this.#failed.add(stream);
    this.#drop(stream);
    if (isFirst) this.#onError(stream, error);
  }

  /** Removes the queued texts of a stream. */
  #drop(stream: StreamName): void {
    const dropped = this.#waiting.filter((entry) => entry.stream === stream);
    this.#waiting = this.#waiting.filter((entry) => entry.stream !== stream);
    this.#length -= dropped.reduce((sum, { text }) => sum + text.length, 0);
  }
}

/** Returns a function that writes to one of the process's own streams. */
export function sinkOf(stream: NodeJS.WriteStream & { readonly fd: number }): Sink {
  // Errors also reach the callback of `write`, but without this listener they would end the process.
  stream.on('error', () => undefined);
  const { fd } = stream;
  return process.platform === 'win32' || isPipe(fd)
    ? (text) =>
        new Promise((resolve, reject) => {
          stream.write(text, (error) => (error ? reject(error) : resolve()));
        })
    : (text) => writeWhole(fd, Buffer.from(text));
}

function isPipe(descriptor: number): boolean {
  const stats = fstatSync(descriptor);
  return stats.isFIFO() || stats.isSocket();
}

const writeSome = promisify(writeCallback);

async function writeWhole(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeSome(descriptor, bytes, done)).bytesWritten;
    } catch (error) {
      // The error is EAGAIN if another process that shares the terminal has made it non-blocking.
      if (errorCode(error) !== 'EAGAIN') throw error;
      await sleep(10);
    }
  }
}
