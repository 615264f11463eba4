/** Batches of images. A batch depends only on its step, not on which thread makes it, when, or after which other batch. */
import { ExampleReader, type ExampleRecords } from '../data/examples.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import type { ImageMaker } from './augmentation.ts';
import type { ExampleOrder } from './order.ts';

/** The buffers of a batch with N rows. */
export interface BatchBuffers {
  /** [N, C, H, W], normalized. */
  readonly images: Float32Array;
  /** [N], the class of the example in each row. */
  readonly labels: Int32Array;
  /** [N], the index of the example in each row. */
  readonly examples: Uint32Array;
}

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

  constructor(examples: ExampleRecords, images: ImageMaker) {
    this.#count = examples.count;
    this.#reader = new ExampleReader(examples);
    this.#images = images;
  }

  /** Allocates the memory of a batch. */
  buffers(batchSize: number): BatchBuffers {
    return newBuffers(batchSize, this.#images.shape);
  }

  /**
   * Makes the augmented batch of a training step in the given buffers. The batch depends only on the examples, the seed of the
   * order, the step, and the batch size, which is the number of rows of the buffers.
   */
  training(order: ExampleOrder, step: number, buffers: BatchBuffers): Batch {
    const { seed } = order;
    const batchSize = buffers.labels.length;
    for (let row = 0; row < batchSize; row++) {
      const position = step * batchSize + row;
      const example = order.exampleAt(position);
      const draw = { seed, epoch: order.epochAt(position), example };
      this.#images.training(imageAt(buffers, row), this.#reader.pixelsOf(example), draw);
      buffers.labels[row] = this.#reader.labelOf(example);
      buffers.examples[row] = example;
    }
    return { ...buffers, step, count: batchSize };
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
