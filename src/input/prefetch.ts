/**
 * Batches that reader threads prepare ahead, so that the engine rarely waits for input. A short queue of prepared batches
 * replaces r0.11's queue of 20,000 images, which had to be filled before the first step.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import {
  aListOf,
  anOptionsObject,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import { type ExampleRecords, recordsOf } from '../data/examples.ts';
import { RunError, UsageError } from '../errors.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';
import { requireMemory } from '../machine/memory.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { memoryOf } from '../threads/calls.ts';
import { threadFailure } from '../threads/start-worker.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import { counted } from '../wording.ts';
import { anImageRecipe, type ImageRecipe, makeImages } from './augmentations.ts';
import type { Batch, BatchBuffers, BatchPart, Share } from './batch.ts';
import type { EarlyImages } from './shrink.ts';

/** The message that starts a reader thread. The records are in shared memory. */
export type ReaderStart = {
  readonly examples: ExampleRecords;
  /** The number of rows to prepare for each step. */
  readonly batchSize: number;
  readonly imageShape: Shape;
  readonly images: ImageRecipe;
} & (
  | {
      readonly kind: 'training';
      readonly seed: number;
      readonly part: BatchPart;
      readonly early: EarlyImages | undefined;
    }
  | { readonly kind: 'evaluation' }
);

export type ReaderMethods = {
  /** Prepares the batch of a step, in the given buffers or in new ones. */
  readonly prepare: (step: number, buffers: BatchBuffers | undefined) => Batch;
};

type Reader = Thread<ReaderStart, ReaderMethods>;

/** A source of batches. `End` is the type of what `next` returns after the last batch. Training has no last batch. */
export interface BatchSource<End = never> {
  /** Returns the next batch, in the order of the steps. @throws RunError when a reader failed or the source is closed */
  next(): Promise<Batch | End>;
  /** Gives the buffers of a batch back for reuse. The caller must not use the batch afterwards. */
  recycle(batch: Batch): void;
  /** Ends the reader threads and waits for them. A source that is not closed keeps the process alive. */
  close(): Promise<void>;
  /** How many batches have been allocated so far: at most those requested ahead plus the one in use. */
  readonly made: number;
  /** The state of the queue when the last batch was taken: how many batches were ready, and how many are requested ahead. */
  readonly queue: { readonly ready: number; readonly capacity: number };
  /** The total time that `next` has spent waiting. */
  readonly waitedMillis: number;
}

/** How many batches are prepared ahead, and by how many threads. This does not affect the batches. */
export interface Prefetching {
  /** The number of batches requested ahead. Default: four, or one per thread if there are more than four threads. */
  readonly ahead?: number;
  /** The number of threads, which prepare the batches in turn. */
  readonly readers?: number;
}

/** How the images of a batch are made. */
export interface BatchOptions extends Prefetching {
  readonly batchSize: number;
  /** The shape [C, H, W] of the images that the network takes. */
  readonly imageShape: Shape;
  readonly images: ImageRecipe;
}

/** Options of `prefetchBatches`. */
export interface TrainingBatches extends BatchOptions {
  readonly seed: number;
  /** 0 for a new run, or the number of updates already made for a resumed one. */
  readonly firstStep: number;
  /** The rows of each batch to prepare. Default: all. */
  readonly share?: Share;
  /** The smaller images of the first steps. Default: all images have the same shape. */
  readonly early?: EarlyImages | undefined;
}

/** Options of `prefetchEvaluation`. */
export interface EvaluationBatches extends BatchOptions {
  /** The maximum number of examples to evaluate, starting with the first. */
  readonly numExamples: number;
  /** Which batches to prepare. Default: all. */
  readonly turns?: Turns;
}

/** Every `every`-th step, starting with step `first`. */
export interface Turns {
  readonly first: number;
  readonly every: number;
}

const prefetchingChecks: OptionChecks<Prefetching> = {
  ahead: optional(aWholeNumber(1)),
  readers: optional(aWholeNumber(1)),
};
const batchChecks: OptionChecks<BatchOptions> = {
  ...prefetchingChecks,
  batchSize: required(aWholeNumber(1)),
  imageShape: required(aListOf(aWholeNumber(1))),
  images: required(anImageRecipe),
};
const trainingChecks: OptionChecks<TrainingBatches> = {
  ...batchChecks,
  seed: required(aWholeNumber(0, Number.MAX_SAFE_INTEGER)),
  firstStep: required(aWholeNumber(0)),
  share: optional(
    anOptionsObject<Share>({ first: required(aWholeNumber(0)), count: required(aWholeNumber(1)) }),
  ),
  early: optional(
    anOptionsObject<EarlyImages>({
      imageShape: required(aListOf(aWholeNumber(1))),
      steps: required(aWholeNumber(0)),
    }),
  ),
};
const evaluationChecks: OptionChecks<EvaluationBatches> = {
  ...batchChecks,
  numExamples: required(aWholeNumber(1)),
  turns: optional(
    anOptionsObject<Turns>({ first: required(aWholeNumber(0)), every: required(aWholeNumber(1)) }),
  ),
};

/** The minimum memory of a thread, without its batches. */
const threadBytes = 12 * 2 ** 20;
class PrefetchedBatches implements BatchSource<undefined> {
  readonly #readers: readonly Reader[];
  readonly #every: number;
  readonly #end: number;
  /** The requested batches in the order of the steps, both those that are ready and those that are not. */
  readonly #queue: Promise<Batch>[] = [];
  /** Buffers to reuse. */
  readonly #free: BatchBuffers[] = [];
  #nextStep: number;
  #requests = 0;
  #made = 0;
  #ready = 0;
  #readyBefore = 0;
  readonly #capacity: number;
  #waitedMillis = 0;
  #closed: RunError | undefined;

  /** Prepares the steps from `first` up to, but not including, `end`. */
  constructor(
    start: ReaderStart,
    { first, every, end }: Turns & { readonly end: number },
    { readers = 1, ...options }: Prefetching,
  ) {
    const { ahead = Math.max(4, readers + 1) } = options;
    // The shapes are checked here, so that an error is thrown here and not in the threads.
    makeImages(start.images, start.imageShape, start.examples.dataset);
    const bytes =
      readers * threadBytes +
      (ahead + 1) * start.batchSize * sizeOf(start.imageShape) * Float32Array.BYTES_PER_ELEMENT;
    const purpose = `preparing batches with ${counted(readers, 'thread')}`;
    requireMemory(purpose, bytes, `Use a smaller \`batchSize\`${readers > 1 ? ', fewer `readers`' : ''}`);
    this.#readers = startReaders(start, readers);
    this.#nextStep = first;
    this.#every = every;
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
    const started = performance.now();
    try {
      return await batch;
    } catch (error) {
      throw (
        this.#closed ??
        new RunError(
          withAdvice(
            `the thread that prepares batches failed: ${threadFailure(error)}`,
            error,
            this.#readers.length,
          ),
          { cause: error },
        )
      );
    } finally {
      this.#ready--;
      this.#waitedMillis += performance.now() - started;
    }
  }

  recycle({ images, labels, examples }: Batch): void {
    this.#free.push({ images, labels, examples });
  }

  async close(): Promise<void> {
    this.#closed ??= new RunError('the source of batches was closed, so it has no more batches');
    await Promise.all(this.#readers.map((reader) => reader.terminate()));
  }

  #request(): void {
    if (this.#nextStep >= this.#end) return;
    const step = this.#nextStep;
    this.#nextStep += this.#every;
    const reader = this.#readers[this.#requests++ % this.#readers.length];
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

/** Starts the reader threads.
 * @throws RunError when not all threads can be started; those that were started are ended */
function startReaders(start: ReaderStart, count: number): readonly Reader[] {
  const readers: Reader[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const reader: Reader = new Thread('a thread that prepares batches', newReader);
      readers.push(reader);
      // The error is ignored here: if the thread cannot start, the promise of every requested batch rejects with the reason.
      reader.begin(start).catch(() => {});
    }
    return readers;
  } catch (error) {
    for (const reader of readers) void reader.terminate();
    if (!(error instanceof RunError)) throw error;
    throw new RunError(withAdvice(error.message, error, count), { cause: error });
  }
}

/** Adds to a message that fewer reader threads may help, if there are several and a resource ran out. */
function withAdvice(message: string, error: unknown, readers: number): string {
  const isExhausted = describeExhaustion(error) !== undefined;
  return isExhausted && readers > 1 ? `${message}, or use fewer \`readers\`` : message;
}

/** Requires the images of the first steps to be smaller images with the same channels.
 * @throws UsageError */
function requireSmaller(early: Shape, full: Shape): void {
  const [channels, height = 0, width = 0] = full;
  const [found, ofHeight = 0, ofWidth = 0] = early;
  if (early.length === 3 && found === channels && ofHeight <= height && ofWidth <= width) return;
  throw new UsageError(
    `\`early.imageShape\`: found [${early.join(', ')}], expected [${channels}, height, width], at most [${full.join(', ')}]`,
  );
}

/** Returns an endless source of augmented batches of training examples.
 * @throws UsageError for an option that is out of range, with its name
 * @throws RunError when the augmentation cannot make the network's images from the records, or there is too little memory */
export function prefetchBatches(examples: ExampleRecords, options: TrainingBatches): BatchSource {
  requireOptions(options, trainingChecks);
  const { seed, batchSize, imageShape, images, firstStep, share, early, ...prefetching } = options;
  if (early !== undefined) requireSmaller(early.imageShape, imageShape);
  const { first, count } = share ?? { first: 0, count: batchSize };
  const start: ReaderStart = {
    ...{ kind: 'training', examples: recordsOf(examples), imageShape, images, seed },
    ...{ batchSize: count, part: { first, batchSize }, early },
  };
  // The type says that training never ends, because its source never returns `undefined`.
  return new PrefetchedBatches(
    start,
    { first: firstStep, every: 1, end: Infinity },
    prefetching,
  ) as BatchSource;
}

/** Returns a source of batches of the first examples, in file order. Each example occurs once. After the last batch, the
 * source returns undefined.
 * @throws UsageError and RunError as `prefetchBatches` does */
export function prefetchEvaluation(all: ExampleRecords, options: EvaluationBatches): BatchSource<undefined> {
  requireOptions(options, evaluationChecks);
  const { batchSize, imageShape, images, numExamples, turns, ...prefetching } = options;
  const examples = { ...recordsOf(all), count: Math.min(all.count, numExamples) };
  const end = Math.ceil(examples.count / batchSize);
  const start: ReaderStart = { kind: 'evaluation', examples, batchSize, imageShape, images };
  return new PrefetchedBatches(start, { ...(turns ?? { first: 0, every: 1 }), end }, prefetching);
}
