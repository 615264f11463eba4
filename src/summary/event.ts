/** The contents of event files, as plain data. */
import type { Histogram } from './histogram.ts';

/** One record of an event file. */
export interface SummaryEvent {
  /** Seconds since 1970, with fractions. */
  readonly wallTime: number;
  /** The x coordinate in curves. */
  readonly step: number;
  readonly content: EventContent;
}

/** The content of a record. Its `kind` says what else it has. */
export type EventContent =
  /** The first record of every file: `brain.Event:2`. */
  | { readonly kind: 'version'; readonly version: string }
  /** The graph of the run, as bytes of a GraphDef. */
  | { readonly kind: 'graph'; readonly graphDef: Uint8Array }
  | {
      readonly kind: 'summary';
      readonly values: readonly SummaryValue[];
      /** The kinds of values that we do not read. */
      readonly unread?: readonly UnreadValue[];
    }
  /** The status of the session. `START` discards all earlier records with the step of this event or a later step. */
  | { readonly kind: 'session'; readonly status: SessionStatus }
  /** Anything else; readers skip it. */
  | { readonly kind: 'other'; readonly what?: string };

/** SessionLog.SessionStatus of TensorBoard's event.proto, in the order of the numbers. */
export const sessionStatuses = ['STATUS_UNSPECIFIED', 'START', 'STOP', 'CHECKPOINT'] as const;
/** What happened to the session of a writer. */
export type SessionStatus = (typeof sessionStatuses)[number];

/** A value of a kind that we do not read. */
export interface UnreadValue {
  readonly tag: string;
  /** The plugin that the value is for, such as `text` or `pr_curves`, or `tensor` if it does not name a plugin. */
  readonly what: string;
}

/** A value with a name. Readers group tags by the part before the first `/`. */
export type SummaryValue = {
  readonly tag: string;
  /** The description, in Markdown. Readers keep the description of a tag's first value, so later ones may omit it. */
  readonly description?: string;
} & SummaryContent;

/** What a value of a summary consists of. Its `kind` says what else it has. */
export type SummaryContent =
  /** Stored as float32. */
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: Histogram }
  | { readonly kind: 'image'; readonly image: EncodedImage }
  /** Bytes for the named plugin of TensorBoard. */
  | { readonly kind: 'plugin'; readonly plugin: string; readonly content: Uint8Array };

/** A value for a plugin of TensorBoard that does not show the tag of the value. */
export type PluginValue = { readonly tag: string } & Extract<SummaryContent, { kind: 'plugin' }>;

/** An image as a PNG file. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** 1 for gray, 3 for red, green and blue, 4 for these and alpha. */
  readonly channels: number;
  readonly png: Uint8Array;
}

/** The content of the first record of every file. */
export const fileVersion = 'brain.Event:2';
