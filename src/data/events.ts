import { aFunction, aSignal, type OptionChecks, optional } from '../arguments.ts';

/** Events while a data set is provided; documented in docs/json.md. */
export type DataEvent =
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'drawing'; readonly dataset: string; readonly folder: string }
  | { readonly kind: 'progress'; readonly name: string; readonly received: number; readonly bytes: number }
  | { readonly kind: 'downloaded'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'extracting'; readonly tarball: string }
  | { readonly kind: 'ready'; readonly folder: string; readonly already: boolean };

/** Options of what provides a data set. */
export interface DataOptions {
  /** Aborting it stops the work. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DataEvent) => void;
}

export const dataChecks: OptionChecks<DataOptions> = {
  signal: optional(aSignal),
  onEvent: optional(aFunction),
};
