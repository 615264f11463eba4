/**
 * Decodes small, plain JPEG files (`plain-jpeg.ts`) in threads, which read the files themselves. A thread takes several files at a
 * time, because reading and decoding one takes less time than a message.
 */
import { Worker } from 'node:worker_threads';
import { requireRunning } from '../errors.ts';
import { usableCores } from '../machine/cores.ts';
import { eachOf } from '../parallel.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import { mostPlainSide } from './plain-jpeg.ts';

/** The files that a thread decoded. */
export interface PlainBatch {
  /** For each file its place in `pixels`, or -1 if it must be decoded by libvips. */
  readonly places: readonly number[];
  /** [files that were decoded, 3, imageSize, imageSize] */
  readonly pixels: Uint8Array;
}

export type PlainMethods = { readonly decode: (paths: readonly string[]) => PlainBatch };

/** What the service of a thread starts with: the height and the width of the pictures. */
export type PlainStart = number;

/** The number of files that a thread takes at a time. */
export const batchFiles = 64;
/** The number of batches that a thread has at a time, so that it need not wait for the next one. */
export const batchesOfThread = 2;
/** The number of files that are worth the start of a thread, which takes as long as decoding 1,000 of them. */
const filesOfThread = 1000;

/** Threads that decode small, plain JPEG files of the wanted size. */
export class PlainThreads {
  readonly #threads: readonly Thread<PlainStart, PlainMethods>[];
  #next = 0;

  private constructor(threads: readonly Thread<PlainStart, PlainMethods>[]) {
    this.#threads = threads;
  }

  /** Starts threads for this number of files. No threads are started for few files, or if the pictures are larger than those that
   * the threads decode.
   * @throws RunError when the machine has no room for another thread */
  static async start(files: number, imageSize: number): Promise<PlainThreads> {
    const threads: Thread<PlainStart, PlainMethods>[] = [];
    const started = new PlainThreads(threads);
    try {
      for (let left = imageSize > mostPlainSide ? 0 : threadsFor(files); left > 0; left--)
        threads.push(new Thread('a thread that decodes pictures', newDecoder));
      await Promise.all(threads.map((thread) => thread.begin(imageSize)));
    } catch (error) {
      await started.release();
      throw error;
    }
    return started;
  }

  get count(): number {
    return this.#threads.length;
  }

  /** Decodes files in one of the threads, about `batchFiles` of them.
   * @returns for each path the pixels [3, imageSize, imageSize], or undefined if the file could not be decoded */
  async decode(paths: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const thread = this.#threads[this.#next++ % this.#threads.length];
    if (thread === undefined) return paths.map(() => undefined);
    const { places, pixels } = await thread.call('decode', [paths]);
    const size = pixels.length / places.filter((place) => place >= 0).length;
    return places.map((place) => (place < 0 ? undefined : pixels.subarray(place * size, (place + 1) * size)));
  }

  /** Ends the threads. What they have not decoded yet rejects. */
  async release(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

function threadsFor(files: number): number {
  return Math.min(usableCores(), Math.floor(files / filesOfThread));
}

export interface PlainOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of pictures that were decoded since the last call. */
  readonly onDecoded: (count: number) => void;
}

/** Decodes those of the files that are small, plain JPEG files of the wanted size, if there are enough files.
 * @returns for each path the pixels [3, imageSize, imageSize], or undefined if the file could not be decoded
 * @throws RunError when the machine has no room for another thread
 * @throws StoppedError when the signal is aborted */
export async function decodePlainFiles(
  paths: readonly string[],
  imageSize: number,
  { signal, onDecoded }: PlainOptions,
): Promise<(Uint8Array | undefined)[]> {
  requireRunning(signal);
  const threads = await PlainThreads.start(paths.length, imageSize);
  const results = new Array<Uint8Array | undefined>(paths.length);
  const stop = () => void threads.release();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await eachOf(batchStarts(paths.length), batchesOfThread * threads.count, async (start) => {
      requireRunning(signal);
      const pixels = await threads.decode(paths.slice(start, start + batchFiles));
      for (const [index, decoded] of pixels.entries()) results[start + index] = decoded;
      onDecoded(pixels.filter((decoded) => decoded !== undefined).length);
    });
    return results;
  } catch (error) {
    requireRunning(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await threads.release();
  }
}

/** Returns 0, batchFiles, 2 · batchFiles … */
function batchStarts(files: number): readonly number[] {
  return Array.from({ length: Math.ceil(files / batchFiles) }, (_, index) => index * batchFiles);
}

function newDecoder(): Worker {
  return new Worker(new URL('./cifar10-pictures-worker.js', import.meta.url), { execArgv: workerFlags() });
}
