/** Examples in memory. They come from files (files.ts) or any other source of records. */
import { anObjectWith, type Check } from '../arguments.ts';
import type { DatasetDescription, Split } from './dataset.ts';
import { imageBytes, labelOffset, pixelsOffset, readLabel, recordBytes } from './record.ts';

/** The examples of one split, in memory. */
export interface Examples {
  readonly dataset: DatasetDescription;
  readonly split: Split;
  readonly count: number;
  /** The bytes of the records of all files, in order. If they were read from files, they are in shared memory, which reader
   * threads use without copying. */
  readonly records: Uint8Array;
  /** [count], the index of the record of each example, in shared memory. Omitted if the examples are all records in order. */
  readonly recordIndices?: Uint32Array;
  /** Returns the source of an example, as `<path>:<index in the file, from 0>`. */
  keyOf(index: number): string;
}

/** The parts of `Examples` from which batches are made. */
export type ExampleRecords = Pick<Examples, 'dataset' | 'count' | 'records' | 'recordIndices'>;

/** Returns examples without their functions, because functions cannot be sent to a thread. */
export function recordsOf({ dataset, count, records, recordIndices }: ExampleRecords): ExampleRecords {
  return { dataset, count, records, ...(recordIndices && { recordIndices }) };
}

export const theExamples: Check = anObjectWith('records', 'examples: await loadExamples(…)');

/** Returns the index of the record of an example. */
export function recordIndexOf({ recordIndices }: Pick<Examples, 'recordIndices'>, index: number): number {
  return recordIndices === undefined ? index : (recordIndices[index] as number);
}

/** Reads the labels and the pixels of examples. */
export class ExampleReader {
  readonly #examples: ExampleRecords;
  readonly #recordBytes: number;
  readonly #labelOffset: number;
  readonly #labelBytes: 1 | 2;
  readonly #pixelsOffset: number;
  readonly #imageBytes: number;

  constructor(examples: ExampleRecords) {
    const { record, labels } = examples.dataset;
    this.#examples = examples;
    this.#recordBytes = recordBytes(record);
    this.#labelOffset = labelOffset(record, labels);
    this.#labelBytes = record.labels.find(({ name }) => name === labels)?.bytes ?? 1;
    this.#pixelsOffset = pixelsOffset(record);
    this.#imageBytes = imageBytes(record.image);
  }

  /** Returns the class of an example. The index of the example must be in range, because it is not checked. */
  labelOf(example: number): number {
    const start = recordIndexOf(this.#examples, example) * this.#recordBytes;
    return readLabel(this.#examples.records, start + this.#labelOffset, this.#labelBytes);
  }

  /** Returns the pixels [C, H, W] of an example, as a view of the records. */
  pixelsOf(example: number): Uint8Array {
    const start = recordIndexOf(this.#examples, example) * this.#recordBytes + this.#pixelsOffset;
    return this.#examples.records.subarray(start, start + this.#imageBytes);
  }
}
