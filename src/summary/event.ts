/** What stands in event files, as plain data. */
import type { Histogram } from './histogram.ts';

/** One record of an event file. */
export interface SummaryEvent {
  /** Seconds since 1970, with fractions. */
  readonly wallTime: number;
  /** The x of the curves. */
  readonly step: number;
  readonly content: EventContent;
}

export type EventContent =
  /** First record of every file: `brain.Event:2`. */
  | { readonly kind: 'version'; readonly version: string }
  /** The graph of the run, as bytes of a GraphDef. */
  | { readonly kind: 'graph'; readonly graphDef: Uint8Array }
  | {
      readonly kind: 'summary';
      readonly values: readonly SummaryValue[];
      /** Values of kinds that we do not read. */
      readonly unread?: readonly UnreadValue[];
    }
  /** START: what was written before at this step or after it no longer counts. */
  | { readonly kind: 'session'; readonly status: SessionStatus }
  /** What we neither write nor understand; readers pass over it. */
  | { readonly kind: 'other'; readonly what?: string };

/** SessionLog.SessionStatus of TensorBoard's event.proto, in the order of its numbers. */
export const sessionStatuses = ['STATUS_UNSPECIFIED', 'START', 'STOP', 'CHECKPOINT'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** A value of a kind that we do not read. */
export interface UnreadValue {
  readonly tag: string;
  /** The plugin that it is for, such as `text` or `pr_curves`; `tensor` where it names none. */
  readonly what: string;
}

/** A value under a name. Readers group tags by what stands before their `/`. */
export type SummaryValue = {
  readonly tag: string;
  /** Markdown. Readers keep that of the first value of a tag, so it need be given only there. */
  readonly description?: string;
} & SummaryContent;

export type SummaryContent =
  /** Kept as float32. */
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: Histogram }
  | { readonly kind: 'image'; readonly image: EncodedImage }
  /** Bytes that only the named plugin of TensorBoard understands. */
  | { readonly kind: 'plugin'; readonly plugin: string; readonly content: Uint8Array };

/** A value for a plugin, which does not show its tag. */
export type PluginValue = { readonly tag: string } & Extract<SummaryContent, { kind: 'plugin' }>;

export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** Grey or red, green and blue. */
  readonly channels: number;
  readonly png: Uint8Array;
}

/** What the first record of every file says. */
export const fileVersion = 'brain.Event:2';
