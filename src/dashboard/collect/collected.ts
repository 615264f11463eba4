/** Collects the values of events by tag. */
import { messageOf } from '../../errors.ts';
import { hyperparametersOf } from '../../summary/hparams.ts';
import { shortened } from '../../wording.ts';
import { longestHyperparameter, mostHyperparameters } from './limits.ts';
import type { Located, Piece } from './piece.ts';
import type { EventSink, TagEntry } from './scan-event.ts';
import { Series } from './series.ts';

type Result = Pick<Piece, 'discardFrom' | 'scalars' | 'located' | 'hyperparameters' | 'hasEnded'>;

export class Collected implements EventSink {
  /** The version in the first record of the file. */
  version: number;
  readonly #series: (Series | undefined)[] = [];
  readonly #names: string[] = [];
  #located: Located[] = [];
  #discardFrom: number | null = null;
  #hyperparameters: Record<string, string> | null = null;
  #hasEnded = false;
  #offset = 0;
  /** The scalars of an event that has not been read completely, in lists that are used again, and its other values. */
  readonly #tags: TagEntry[] = [];
  readonly #values: number[] = [];
  #scalars = 0;
  #others: Omit<Located, 'step' | 'time'>[] = [];

  constructor(version: number) {
    this.version = version;
  }

  /** Begins an event whose record is at this offset. */
  begin(offset: number): void {
    this.#offset = offset;
    this.#scalars = 0;
    if (this.#others.length > 0) this.#others = [];
  }

  scalar(tag: TagEntry, value: number): void {
    if (tag.index < 0) return;
    this.#tags[this.#scalars] = tag;
    this.#values[this.#scalars] = value;
    this.#scalars++;
  }

  histogram({ name: tag, index }: TagEntry): void {
    if (index < 0) return;
    this.#others.push({ kind: 'histogram', tag, start: this.#offset, width: 0, height: 0 });
  }

  image({ name: tag, index }: TagEntry, width: number, height: number): void {
    if (index < 0) return;
    this.#others.push({ kind: 'image', tag, start: this.#offset, width, height });
  }

  /** Takes the values of the event, now that all of it is known to be valid. */
  commit(step: number, time: number): void {
    for (let at = 0; at < this.#scalars; at++)
      this.#seriesOf(this.#tags[at] as TagEntry).add(step, time, this.#values[at] as number);
    for (const other of this.#others) this.#located.push({ ...other, step, time });
  }

  setVersion(text: string): void {
    this.version = Number(/^brain\.Event:(\d+)$/.exec(text)?.[1] ?? 0);
  }

  /** A session that starts at a step replaces the points at this step and later ones, as in `summary/run-events.ts`. */
  startSession(step: number): void {
    this.#hasEnded = false;
    if (this.version < 2) return;
    this.#discardFrom = Math.min(this.#discardFrom ?? step, step);
    for (const series of this.#series) series?.discardFrom(step);
    this.#located = this.#located.filter((one) => one.step < step);
  }

  plugin({
    tag,
    plugin,
    content,
  }: {
    readonly tag: string;
    readonly plugin: string;
    readonly content: Uint8Array;
  }): void {
    if (plugin !== 'hparams') return;
    if (tag === '_hparams_/session_end_info') this.#hasEnded = true;
    if (tag !== '_hparams_/session_start_info') return;
    try {
      const values = Object.entries(hyperparametersOf(content)).slice(0, mostHyperparameters);
      const short = (text: string) => shortened(text, longestHyperparameter);
      this.#hyperparameters = Object.fromEntries(
        values.map(([name, value]) => [short(name), short(String(value))]),
      );
    } catch (error) {
      this.#hyperparameters = { hyperparameters: messageOf(error) };
    }
  }

  result(): Result {
    return {
      discardFrom: this.#discardFrom,
      scalars: this.#series.flatMap((series, index) => {
        if (series === undefined || series.length === 0) return [];
        const { steps, times, values } = series.points;
        const tag = this.#names[index] ?? '';
        return [{ tag, steps: steps.slice(), times: times.slice(), values: values.slice() }];
      }),
      located: this.#located,
      hyperparameters: this.#hyperparameters,
      hasEnded: this.#hasEnded,
    };
  }

  #seriesOf({ index, name }: TagEntry): Series {
    const known = this.#series[index];
    if (known !== undefined) return known;
    const made = new Series();
    this.#series[index] = made;
    this.#names[index] = name;
    return made;
  }
}
