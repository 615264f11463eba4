/** Examples in memory. They come from files (files.ts), or from anything else that has records. */
import type { DatasetDescription, Split } from './dataset.ts';

/** The examples of one split, in memory. */
export interface Examples {
  readonly dataset: DatasetDescription;
  readonly split: Split;
  readonly count: number;
  /** [N, 3073], file after file. Read from files it is in shared memory, so that reader threads
   * use it without a copy. */
  readonly records: Uint8Array;
  /** [count], which of the records these examples are; left out where they are all of them, in order. In shared memory too. */
  readonly places?: Uint32Array;
  /** Where an example came from: `<path>:<index in the file, from 0>`. */
  keyOf(index: number): string;
}

/** The record of an example. */
export function placeOf({ places }: Pick<Examples, 'places'>, index: number): number {
  return places === undefined ? index : (places[index] as number);
}
