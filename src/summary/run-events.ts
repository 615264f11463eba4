/** The contents of the event files of a run, as TensorBoard would show them. */
import type { EncodedImage, EventContent, SummaryEvent, SummaryValue } from './event.ts';
import type { Histogram } from './histogram.ts';

/** A point of a curve. */
export interface Point<T> {
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly value: T;
}

/** Bytes for a plugin of TensorBoard. */
export interface PluginValue {
  readonly plugin: string;
  readonly content: Uint8Array;
}

/**
 * Accumulates the events of one run in the order of its files. A session that starts at step s invalidates the points at step s
 * and later: they belong to a session that was killed, and will be written again. This is what TensorBoard's EventAccumulator
 * does for files of version 2 (tensorboard/backend/event_processing/event_accumulator.py, _CheckForRestartAndMaybePurge). In
 * older files, TensorBoard looks for steps that go backward instead. This class invalidates no points of such files.
 */
export class RunEvents {
  readonly #scalars: Series<number> = new Map();
  readonly #histograms: Series<Histogram> = new Map();
  readonly #images: Series<EncodedImage> = new Map();
  readonly #plugins = new Map<string, PluginValue>();
  readonly #descriptions = new Map<string, string>();
  readonly #unread = new Map<string, { values: number; tags: Set<string> }>();
  #graph: Uint8Array | undefined;
  #version = 0;

  /** The points by tag, in the order of the files. A tag whose points were all invalidated is not included. */
  get scalars(): Curves<number> {
    return this.#scalars;
  }

  get histograms(): Curves<Histogram> {
    return this.#histograms;
  }

  get images(): Curves<EncodedImage> {
    return this.#images;
  }

  /** For each tag, the value that was written first. TensorBoard also uses the first value of tags that describe a run. */
  get plugins(): ReadonlyMap<string, PluginValue> {
    return this.#plugins;
  }

  /** The description of each tag, in Markdown. If several were written, it is the first one. */
  get descriptions(): ReadonlyMap<string, string> {
    return this.#descriptions;
  }

  /** For each kind of values that are not read, such as `text` or `pr_curves`: the number of values and their tags. Invalidated
   * points are included. */
  get unread(): ReadonlyMap<string, { readonly values: number; readonly tags: ReadonlySet<string> }> {
    return this.#unread;
  }

  /** The bytes of the newest GraphDef. */
  get graph(): Uint8Array | undefined {
    return this.#graph;
  }

  accept({ step, wallTime, content }: SummaryEvent): void {
    if (content.kind === 'version') this.#version = versionOf(content.version);
    if (content.kind === 'graph') this.#graph = content.graphDef;
    if (isStart(content) && this.#version >= 2) this.#discardFrom(step);
    if (content.kind === 'summary') {
      for (const value of content.values) this.#acceptValue(value, { step, wallTime });
      for (const { tag, what } of content.unread ?? []) this.#countUnread(what, tag);
    }
    if (content.kind === 'other' && content.what !== undefined) this.#countUnread(content.what);
  }

  #acceptValue(value: SummaryValue, at: Omit<Point<unknown>, 'value'>): void {
    const { tag, kind, description } = value;
    if (description !== undefined && !this.#descriptions.has(tag)) this.#descriptions.set(tag, description);
    if (kind === 'scalar') append(this.#scalars, tag, { ...at, value: value.value });
    if (kind === 'histogram') append(this.#histograms, tag, { ...at, value: value.histogram });
    if (kind === 'image') append(this.#images, tag, { ...at, value: value.image });
    if (kind === 'plugin' && !this.#plugins.has(tag)) {
      this.#plugins.set(tag, { plugin: value.plugin, content: value.content });
    }
  }

  #countUnread(what: string, tag?: string): void {
    const counts = this.#unread.get(what) ?? { values: 0, tags: new Set<string>() };
    counts.values++;
    if (tag !== undefined) counts.tags.add(tag);
    this.#unread.set(what, counts);
  }

  #discardFrom(step: number): void {
    for (const series of [this.#scalars, this.#histograms, this.#images]) discardFrom(series, step);
  }
}

type Series<T> = Map<string, Point<T>[]>;
/** Points by tag. */
export type Curves<T> = ReadonlyMap<string, readonly Point<T>[]>;

function isStart(content: EventContent): boolean {
  return content.kind === 'session' && content.status === 'START';
}

/** Returns 2 for `brain.Event:2`, and 0 for any text that is not of this form. */
function versionOf(text: string): number {
  return Number(/^brain\.Event:(\d+)$/.exec(text)?.[1] ?? 0);
}

function append<T>(series: Series<T>, tag: string, point: Point<T>): void {
  const points = series.get(tag);
  if (points === undefined) series.set(tag, [point]);
  else points.push(point);
}

function discardFrom(series: Map<string, Point<unknown>[]>, step: number): void {
  for (const [tag, points] of series) {
    series.set(
      tag,
      points.filter((point) => point.step < step),
    );
  }
}
