/** Batches of images. A batch only depends on its step, not on which thread makes it, when, or after which other batch. */
import { type Examples, recordIndexOf } from '../data/examples.ts';
import { labelOf, pixelsOf } from '../data/record.ts';
import { centre, croppedValues, distort, drawDistortion } from './distort.ts';
import type { ExampleOrder } from './order.ts';

/** The examples that batches are made from. */
export type ExampleRecords = Pick<Examples, 'count' | 'records' | 'recordIndices'>;

/** Buffers of a batch with N rows. */
export interface BatchBuffers {
  /** [N, 3, 24, 24], whitened. */
  readonly images: Float32Array;
  /** [N] */
  readonly labels: Int32Array;
  /** [N], the index of each row's example. */
  readonly examples: Uint32Array;
}

export interface Batch extends BatchBuffers {
  /** From 0: step of the run or of the evaluation. */
  readonly step: number;
  /** Number of rows with examples. The other rows, in the last batch of an evaluation, are zeros. */
  readonly count: number;
}

export function newBuffers(batchSize: number): BatchBuffers {
  return {
    images: new Float32Array(batchSize * croppedValues),
    labels: new Int32Array(batchSize),
    examples: new Uint32Array(batchSize),
  };
}

/** The image [3, 24, 24] of one row. */
function imageAt({ images }: BatchBuffers, row: number): Float32Array {
  return images.subarray(row * croppedValues, (row + 1) * croppedValues);
}

/**
 * The distorted batch of a training step. It only depends on the examples, the order's seed, the batch size (the number of rows
 * of the buffers, which are filled) and the step.
 */
export function distortedBatch(
  examples: ExampleRecords,
  order: ExampleOrder,
  step: number,
  buffers: BatchBuffers,
): Batch {
  const { records } = examples;
  const batchSize = buffers.labels.length;
  for (let row = 0; row < batchSize; row++) {
    const position = step * batchSize + row;
    const example = order.exampleAt(position);
    const distortion = drawDistortion(order.seed, order.epochAt(position), example);
    const index = recordIndexOf(examples, example);
    distort(imageAt(buffers, row), pixelsOf(records, index), distortion);
    buffers.labels[row] = labelOf(records, index);
    buffers.examples[row] = example;
  }
  return { ...buffers, step, count: batchSize };
}

/** The batch of an evaluation step: central crops of the next examples in file order, each example exactly once. */
export function evaluationBatch(examples: ExampleRecords, step: number, buffers: BatchBuffers): Batch {
  const { count, records } = examples;
  const batchSize = buffers.labels.length;
  const first = step * batchSize;
  const rows = Math.max(0, Math.min(batchSize, count - first));
  for (let row = 0; row < rows; row++) {
    const index = recordIndexOf(examples, first + row);
    centre(imageAt(buffers, row), pixelsOf(records, index));
    buffers.labels[row] = labelOf(records, index);
    buffers.examples[row] = first + row;
  }
  buffers.images.fill(0, rows * croppedValues);
  buffers.labels.fill(0, rows);
  buffers.examples.fill(0, rows);
  return { ...buffers, step, count: rows };
}
