/** What a run says to the thread that records it, and what that answers. */
import type { RecordedValue } from './recorded-value.ts';

export interface RecorderStart {
  readonly dir: string;
  /** The first step that will be recorded: what earlier files have from there on is void. Left out where nothing is: an
   * evaluator's steps may come in any order. */
  readonly startStep?: number;
  readonly flushSeconds?: number;
}

export type RecorderRequest =
  | { readonly kind: 'record'; readonly step: number; readonly values: readonly RecordedValue[] }
  | { readonly kind: 'graph'; readonly graphDef: Uint8Array }
  /** Writes what waits: what was recorded before is on the disk when this is done. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'close' };

export type RecorderReply =
  /** A request is done; the writer's file. */
  | { readonly kind: 'done'; readonly path: string }
  /** Something could not be written; said once, the thread goes on. */
  | { readonly kind: 'trouble'; readonly message: string };
