import { aFunction, aSignal, type OptionChecks, optional } from '../arguments.ts';

/** The events that are reported while a data set is prepared. docs/json.md describes them. */
export type DataEvent =
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'drawing'; readonly dataset: string; readonly folder: string }
  | { readonly kind: 'progress'; readonly name: string; readonly received: number; readonly bytes: number }
  | { readonly kind: 'downloaded'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'extracting'; readonly tarball: string }
  /** Pictures are imported; `reused` of them were decoded before and have not changed. */
  | {
      readonly kind: 'importing';
      readonly source: string;
      readonly folder: string;
      readonly pictures: number;
      readonly classes: number;
      readonly reused: number;
    }
  | { readonly kind: 'decoded'; readonly done: number; readonly all: number }
  /** Files that are not used, with the first few of them. `list` is the file that contains all. */
  | {
      readonly kind: 'notUsed';
      readonly count: number;
      readonly examples: readonly { readonly path: string; readonly reason: string }[];
      readonly list: string;
    }
  /** Pictures with the same pixels, of which one is for training and one is not, or with different classes. */
  | {
      readonly kind: 'leaks' | 'conflicts';
      readonly count: number;
      readonly examples: readonly (readonly [first: string, second: string])[];
    }
  | {
      readonly kind: 'imported';
      readonly folder: string;
      readonly training: number;
      readonly validation: number;
      readonly test: number;
      /** Whether the source says which pictures are for the test. Otherwise a share of every class was selected. */
      readonly isTestGiven: boolean;
    }
  | { readonly kind: 'ready'; readonly folder: string; readonly already: boolean };

/** The options of the functions that prepare a data set. */
export interface DataOptions {
  /** Aborting the signal stops the work. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DataEvent) => void;
}

export const dataChecks: OptionChecks<DataOptions> = {
  signal: optional(aSignal),
  onEvent: optional(aFunction),
};
