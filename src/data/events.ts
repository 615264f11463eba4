import { aFunction, aSignal, type OptionChecks, optional } from '../arguments.ts';

/** The events that are reported while a data set is prepared. docs/json.md describes them. */
export type DataEvent =
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'drawing'; readonly dataset: string; readonly folder: string }
  | { readonly kind: 'progress'; readonly name: string; readonly received: number; readonly bytes: number }
  | { readonly kind: 'downloaded'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'extracting'; readonly tarball: string }
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
