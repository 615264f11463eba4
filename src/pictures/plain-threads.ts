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
const batchFiles = 64;
/** The number of files that are worth the start of a thread, which takes as long as decoding 1,000 of them. */
const filesOfThread = 1000;

export interface PlainOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of pictures that were decoded since the last call. */
  readonly onDecoded: (count: number) => void;
}

/** Decodes those of the files that are small, plain JPEG files of the wanted size, if there are enough files.
 * @returns for each path the pixels [3, imageSize, imageSize], or undefined if the file was not decoded, for whatever reason
 * @throws RunError when the machine has no room for another thread
 * @throws StoppedError when the signal is aborted */
export async function decodePlainFiles(
  paths: readonly string[],
  imageSize: number,
  { signal, onDecoded }: PlainOptions,
): Promise<(Uint8Array | undefined)[]> {
  const count = imageSize > mostPlainSide ? 0 : threadsFor(paths.length);
  if (count === 0) return new Array<undefined>(paths.length);
  requireRunning(signal);
  const threads: Thread<PlainStart, PlainMethods>[] = [];
  const stop = () => void Promise.all(threads.map((thread) => thread.terminate()));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (let index = 0; index < count; index++)
      threads.push(new Thread('a thread that decodes pictures', newDecoder));
    await Promise.all(threads.map((thread) => thread.begin(imageSize)));
    return await decodeIn(threads, paths, onDecoded);
  } catch (error) {
    requireRunning(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function threadsFor(files: number): number {
  return Math.min(usableCores(), Math.floor(files / filesOfThread));
}

async function decodeIn(
  threads: readonly Thread<PlainStart, PlainMethods>[],
  paths: readonly string[],
  onDecoded: (count: number) => void,
): Promise<(Uint8Array | undefined)[]> {
  const results = new Array<Uint8Array | undefined>(paths.length);
  let next = 0;
  await eachOf(threads, threads.length, async (thread) => {
    for (let start = next; start < paths.length; start = next) {
      next += batchFiles;
      const { places, pixels } = await thread.call('decode', [paths.slice(start, start + batchFiles)]);
      const count = places.filter((place) => place >= 0).length;
      const size = pixels.length / count;
      for (const [index, place] of places.entries())
        if (place >= 0) results[start + index] = pixels.subarray(place * size, (place + 1) * size);
      onDecoded(count);
    }
  });
  return results;
}

function newDecoder(): Worker {
  return new Worker(new URL('./cifar10-pictures-worker.js', import.meta.url), { execArgv: workerFlags() });
}
