/**
 * Batches prepared ahead by reader threads, so that computing rarely waits for its input. A short queue of prepared
 * batches stands in for r0.11's queue of 20,000 images, which had to be filled before the first step.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { requireWholeNumber } from '../arguments.ts';
import { RunError } from '../errors.ts';
import { requireMemory } from '../machine/memory.ts';
import { memoryOf } from '../threads/calls.ts';
import { threadFailure } from '../threads/start-worker.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import { counted } from '../wording.ts';
import type { Batch, BatchBuffers, ExampleRecords } from './batch.ts';

/** What a reader thread starts from. The records lie in shared memory. */
export type ReaderStart = {
  readonly examples: ExampleRecords;
  readonly batchSize: number;
} & ({ readonly kind: 'training'; readonly seed: number } | { readonly kind: 'evaluation' });

export type ReaderMethods = {
  /** The batch of a step, in the given memory or, where there is none to reuse, in new. */
  readonly prepare: (step: number, buffers: BatchBuffers | undefined) => Batch;
};

type Reader = Thread<ReaderStart, ReaderMethods>;

/** `End` is what follows the last batch: nothing does in training, which has none. */
export interface BatchSource<End = never> {
  /** The next batch, in the order of the steps. @throws RunError when a reader failed or the source was closed. */
  next(): Promise<Batch | End>;
  /** Gives the memory of a batch back for a later one. The batch must not be used any more. */
  recycle(batch: Batch): void;
  /** Ends the readers and waits until they are gone. Until then they keep the process alive. */
  close(): Promise<void>;
  /** Batches that memory has been made for so far: more than are asked for ahead and the one in use there never are. */
  readonly made: number;
  /** How full the queue was when the last batch was taken: batches that were ready, of those asked for ahead. */
  readonly queue: { readonly ready: number; readonly capacity: number };
  /** Time that `next` has spent waiting so far: computing waited for input. */
  readonly waitedMillis: number;
}

/** How far and by how many the batches are prepared. They are the same batches, whatever these numbers are. */
export interface Prefetching {
  /** Batches asked for before they are needed: by default four, and enough for every thread to have one. */
  readonly ahead?: number;
  /** Threads. Step s is prepared by thread s modulo their number. */
  readonly readers?: number;
}

export interface TrainingBatches extends Prefetching {
  readonly seed: number;
  readonly batchSize: number;
  /** 0 for a new run, the number of updates applied for one that goes on. */
  readonly firstStep: number;
}

export interface EvaluationBatches extends Prefetching {
  readonly batchSize: number;
  /** The first so many examples are evaluated, all if there are fewer. */
  readonly numExamples: number;
}

/** What a thread takes at least, without its batches. */
const threadBytes = 12 * 2 ** 20;
/** One image of a batch: [3, 24, 24] float32. */
const imageBytes = 3 * 24 * 24 * 4;

class PrefetchedBatches implements BatchSource<undefined> {
  readonly #readers: readonly Reader[];
  readonly #end: number;
  /** Batches asked for, in the order of their steps, ready or not. */
  readonly #queue: Promise<Batch>[] = [];
  /** Memory that came back and waits for a batch. */
  readonly #free: BatchBuffers[] = [];
  #nextStep: number;
  #made = 0;
  #ready = 0;
  #readyBefore = 0;
  readonly #capacity: number;
  #waitedMillis = 0;
  #closed: RunError | undefined;

  /** Prepares the steps from `first` up to, and without, `end`. */
  constructor(start: ReaderStart, first: number, end: number, { readers = 1, ...asked }: Prefetching) {
    const { ahead = Math.max(4, readers + 1) } = asked;
    requireWholeNumber('batchSize', start.batchSize, 1);
    requireWholeNumber('ahead', ahead, 1);
    requireWholeNumber('readers', readers, 1);
    const bytes = readers * threadBytes + (ahead + 1) * start.batchSize * imageBytes;
    const purpose = `preparing batches with ${counted(readers, 'thread')}`;
    requireMemory(purpose, bytes, 'Use a smaller `batchSize`, fewer `readers`');
    this.#readers = startReaders(start, readers);
    this.#nextStep = first;
    this.#end = end;
    this.#capacity = ahead;
    for (let batch = 0; batch < ahead; batch++) this.#request();
  }

  get made(): number {
    return this.#made;
  }

  get queue(): { readonly ready: number; readonly capacity: number } {
    return { ready: this.#readyBefore, capacity: this.#capacity };
  }

  get waitedMillis(): number {
    return this.#waitedMillis;
  }

  async next(): Promise<Batch | undefined> {
    const batch = this.#queue.shift();
    this.#readyBefore = this.#ready;
    this.#request();
    const asked = performance.now();
    try {
      return await batch;
    } catch (error) {
      throw (
        this.#closed ??
        new RunError(`The thread that prepares batches failed: ${threadFailure(error)}`, { cause: error })
      );
    } finally {
      this.#ready--;
      this.#waitedMillis += performance.now() - asked;
    }
  }

  recycle({ images, labels, examples }: Batch): void {
    this.#free.push({ images, labels, examples });
  }

  async close(): Promise<void> {
    this.#closed ??= new RunError('The input was closed: no more batches come from it.');
    await Promise.all(this.#readers.map((reader) => reader.terminate()));
  }

  #request(): void {
    if (this.#nextStep >= this.#end) return;
    const step = this.#nextStep++;
    const reader = this.#readers[step % this.#readers.length];
    if (reader === undefined) return;
    const memory = this.#free.pop();
    if (memory === undefined) this.#made++;
    const batch = reader.call('prepare', [step, memory], memoryOf(memory));
    const isReady = () => {
      this.#ready++;
    };
    batch.then(isReady, isReady);
    this.#queue.push(batch);
  }
}

function newReader(): Worker {
  return new Worker(new URL('./cifar10-reader-worker.js', import.meta.url), { execArgv: workerFlags() });
}

/** @throws RunError when the machine has no room for so many threads: those that were started are ended */
function startReaders(start: ReaderStart, count: number): readonly Reader[] {
  const readers: Reader[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const reader: Reader = new Thread('a thread that prepares batches', newReader);
      readers.push(reader);
      // If it cannot begin, every batch that is asked for says why.
      reader.begin(start).catch(() => {});
    }
    return readers;
  } catch (error) {
    for (const reader of readers) void reader.terminate();
    throw error;
  }
}

/** The records of examples, without what no thread can be given (functions). */
function recordsOf({ count, records, places }: ExampleRecords): ExampleRecords {
  return { count, records, ...(places && { places }) };
}

/** Distorted batches of training examples, without end. */
export function prefetchBatches(
  examples: ExampleRecords,
  { seed, batchSize, firstStep, ...prefetching }: TrainingBatches,
): BatchSource {
  requireWholeNumber('firstStep', firstStep, 0);
  const start: ReaderStart = { kind: 'training', examples: recordsOf(examples), batchSize, seed };
  // The type says that training never ends: its source has no end to give.
  return new PrefetchedBatches(start, firstStep, Infinity, prefetching) as BatchSource;
}

/** Batches of the first examples in file order, each example once; then undefined. */
export function prefetchEvaluation(
  all: ExampleRecords,
  { batchSize, numExamples, ...prefetching }: EvaluationBatches,
): BatchSource<undefined> {
  requireWholeNumber('numExamples', numExamples, 1);
  const examples = { ...recordsOf(all), count: Math.min(all.count, numExamples) };
  const batches = Math.ceil(examples.count / batchSize);
  return new PrefetchedBatches({ kind: 'evaluation', examples, batchSize }, 0, batches, prefetching);
}
