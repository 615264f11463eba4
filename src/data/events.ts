/** What is told while a data set is brought to a folder: documented in docs/json.md. */
export type DataEvent =
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'drawing'; readonly dataset: string; readonly folder: string }
  | { readonly kind: 'progress'; readonly name: string; readonly received: number; readonly bytes: number }
  | { readonly kind: 'downloaded'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'extracting'; readonly tarball: string }
  | { readonly kind: 'ready'; readonly folder: string; readonly already: boolean };

/** Who looks on, and may end it. */
export interface Bringing {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DataEvent) => void;
}
