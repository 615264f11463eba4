/** Batches of images. A batch depends only on its step, not on which thread makes it, when, or after which other batch. */
import { ExampleReader, type ExampleRecords } from '../data/examples.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import type { ImageMaker } from './augmentation.ts';
import type { ExampleOrder } from './order.ts';
import { type EarlyImages, shrunkTraining } from './shrink.ts';

/** The buffers of a batch with N rows. */
export interface BatchBuffers {
  /** [N, C, H, W], normalized. */
  readonly images: Float32Array;
  /** [N], the class of the example in each row. */
  readonly labels: Int32Array;
  /** [N], the index of the example in each row. */
  readonly examples: Uint32Array;
}

/** Consecutive rows of a batch. */
export interface Share {
  readonly first: number;
  readonly count: number;
}

/** Divides a batch into shares that differ by at most one row and follow each other.
 * @throws RangeError when there are more shares than rows */
export function sharesOf(batchSize: number, shares: number): readonly Share[] {
  if (shares > batchSize)
    throw new RangeError(`${shares} shares: expected at most ${batchSize}, the number of rows`);
  const start = (index: number) => Math.floor((index * batchSize) / shares);
  return Array.from({ length: shares }, (_, index) => ({
    first: start(index),
    count: start(index + 1) - start(index),
  }));
}

/** Where the rows of one process are in the whole batch of a training step. */
export interface BatchPart {
  /** The index of the first row in the whole batch. */
  readonly first: number;
  /** The number of rows of the whole batch. */
  readonly batchSize: number;
}

/** A batch of examples, with the number of its step. */
export interface Batch extends BatchBuffers {
  /** The step of the run or of the evaluation, from 0. */
  readonly step: number;
  /** The number of rows with examples. The last batch of an evaluation may have more rows, whose values are zero. */
  readonly count: number;
}

/** Allocates the buffers of a batch.
 * @param imageShape [C, H, W] */
export function newBuffers(batchSize: number, imageShape: Shape): BatchBuffers {
  return {
    images: new Float32Array(batchSize * sizeOf(imageShape)),
    labels: new Int32Array(batchSize),
    examples: new Uint32Array(batchSize),
  };
}

/** Returns a view of the image [C, H, W] in one row. */
function imageAt({ images, labels }: BatchBuffers, row: number): Float32Array {
  const size = images.length / labels.length;
  return images.subarray(row * size, (row + 1) * size);
}

/** Makes batches of examples as a function of the step. */
export class BatchMaker {
  readonly #count: number;
  readonly #reader: ExampleReader;
  readonly #images: ImageMaker;
  readonly #early: EarlyImages | undefined;
  readonly #shrunk: ImageMaker['training'] | undefined;

  /** @param early the smaller images of the first training steps, if there are some */
  constructor(examples: ExampleRecords, images: ImageMaker, early?: EarlyImages) {
    this.#count = examples.count;
    this.#reader = new ExampleReader(examples);
    this.#images = images;
    this.#early = early;
    this.#shrunk = early && shrunkTraining(images, early.imageShape);
  }

  /** Allocates the memory of a batch. */
  buffers(batchSize: number): BatchBuffers {
    return newBuffers(batchSize, this.#images.shape);
  }

  /** Returns buffers for a training step: those that are given, if they have the size of its images, or new ones. */
  buffersFor(step: number, batchSize: number, given?: BatchBuffers): BatchBuffers {
    const shape = this.#isEarly(step) ? (this.#early?.imageShape ?? []) : this.#images.shape;
    const isFitting = given?.images.length === batchSize * sizeOf(shape);
    return given !== undefined && isFitting ? given : newBuffers(batchSize, shape);
  }

  #isEarly(step: number): boolean {
    return this.#early !== undefined && step < this.#early.steps;
  }

  /**
   * Makes the augmented batch of a training step in the given buffers, or the part of it that one of several processes takes.
   * The rows depend only on the examples, the seed of the order, the step, and the size of the whole batch.
   * @param part the rows of the buffers in the whole batch. Default: they are the whole batch
   */
  training(
    order: ExampleOrder,
    step: number,
    buffers: BatchBuffers,
    part: BatchPart = { first: 0, batchSize: buffers.labels.length },
  ): Batch {
    const { seed } = order;
    const rows = buffers.labels.length;
    const make = (this.#isEarly(step) ? this.#shrunk : undefined) ?? this.#images.training;
    for (let row = 0; row < rows; row++) {
      const position = step * part.batchSize + part.first + row;
      const example = order.exampleAt(position);
      const draw = { seed, epoch: order.epochAt(position), example };
      make(imageAt(buffers, row), this.#reader.pixelsOf(example), draw);
      buffers.labels[row] = this.#reader.labelOf(example);
      buffers.examples[row] = example;
    }
    return { ...buffers, step, count: rows };
  }

  /** Makes the batch of an evaluation step: the next examples in file order, not distorted. Every example occurs once. */
  evaluation(step: number, buffers: BatchBuffers): Batch {
    const batchSize = buffers.labels.length;
    const first = step * batchSize;
    const rows = Math.max(0, Math.min(batchSize, this.#count - first));
    for (let row = 0; row < rows; row++) {
      this.#images.evaluation(imageAt(buffers, row), this.#reader.pixelsOf(first + row));
      buffers.labels[row] = this.#reader.labelOf(first + row);
      buffers.examples[row] = first + row;
    }
    buffers.images.fill(0, (buffers.images.length / batchSize) * rows);
    buffers.labels.fill(0, rows);
    buffers.examples.fill(0, rows);
    return { ...buffers, step, count: rows };
  }
}
