/** Examples in memory, from files (files.ts) or any other source of records. */
import { anObjectWith, type Check } from '../arguments.ts';
import type { DatasetDescription, Split } from './dataset.ts';

/** The examples of one split, in memory. */
export interface Examples {
  readonly dataset: DatasetDescription;
  readonly split: Split;
  readonly count: number;
  /** [N, 3073] bytes: the records of all files, in order. If read from files, it is in shared memory, which reader threads
   * use without copying. */
  readonly records: Uint8Array;
  /** [count], the index of each example's record; undefined if the examples are all records in order. In shared memory. */
  readonly recordIndices?: Uint32Array;
  /** The source of an example: `<path>:<index in the file, from 0>`. */
  keyOf(index: number): string;
}

export const theExamples: Check = anObjectWith('records', 'examples: await loadExamples(…)');

/** The index of an example's record. */
export function recordIndexOf({ recordIndices }: Pick<Examples, 'recordIndices'>, index: number): number {
  return recordIndices === undefined ? index : (recordIndices[index] as number);
}
