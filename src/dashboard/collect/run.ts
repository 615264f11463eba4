/** What is known about one run. It reads what its files gained, and starts again when a file was replaced, shortened or removed. */
import { messageOf } from '../../errors.ts';
import { logFileName } from '../../run/run-log.ts';
import { isEventFileName } from '../../summary/event-file-name.ts';
import { metricsFileName } from '../../summary/metrics-file.ts';
import { oneLine } from '../../wording.ts';
import { idOf } from '../wire.ts';
import type { FoundFile, FoundRun } from './find-runs.ts';
import { longestTag, mostTags, type Room, remarks, roomBeside } from './limits.ts';
import type { Located, Piece, PieceRequest } from './piece.ts';
import { withoutPath } from './remark.ts';
import { type Points, Series, sliceOf } from './series.ts';

/** A piece of an event file or of a `metrics.jsonl`. */
export interface AnyPieceRequest extends PieceRequest {
  readonly kind: 'events' | 'metrics';
  /** Whether only a part of the points is wanted: see `preview.ts`. */
  readonly isPreview?: boolean;
  /** About how many bytes of the file have not been read. */
  readonly left: number;
}
export type ReadPiece = (request: AnyPieceRequest) => Promise<Piece>;

/** A histogram or image, with the file that contains it. */
export interface FoundValue extends Located {
  readonly file: string;
}

/** What a refresh changed. */
export interface RunChanges {
  /** Whether anything changed. */
  readonly isChanged: boolean;
  /** Whether points were removed, so that the curves must be fetched again. */
  readonly isReplaced: boolean;
  /** The number of points that each changed curve had before. */
  readonly before: ReadonlyMap<string, number>;
  /** The number of points that were added. */
  readonly added: number;
  /** The ids of the tags of new histograms, and of those that were removed. */
  readonly histograms: ReadonlySet<string>;
  /** The ids of the tags of curves that lost points. */
  readonly replacedCurves: ReadonlySet<string>;
  readonly hasImages: boolean;
  /** Whether the log grew or changed. */
  readonly hasLog: boolean;
}

interface Reading {
  readonly inode: number;
  offset: number;
  state: unknown;
  /** The size and time at which everything was read. */
  seenSize: number;
  seenMillis: number;
}

const mostDamages = 3;

interface Refreshing {
  readonly read: ReadPiece;
  readonly changes: Changes;
  readonly room: Room;
}

export class Run {
  readonly id: string;
  /** Increases with every change. */
  version = 0;
  found: FoundRun;
  readonly scalars: Map<string, Series> = new Map();
  located: FoundValue[] = [];
  readonly plugins: Map<string, string> = new Map();
  hyperparameters: Readonly<Record<string, string>> = {};
  hasEnded = false;
  /** The time of the first and the last value, in seconds since 1970. */
  started: number = Number.POSITIVE_INFINITY;
  changed: number = Number.NEGATIVE_INFINITY;
  /** Why a file cannot be read at the moment, and what was damaged, by the name of the file. */
  readonly #unreadable = new Map<string, string>();
  readonly #damages = new Map<string, readonly string[]>();
  readonly #readings = new Map<string, Reading>();
  readonly #tags = new Set<string>();

  constructor(found: FoundRun) {
    this.found = found;
    this.id = idOf(found.path);
  }

  get path(): string {
    return this.found.path;
  }

  /** About how many bytes have not been read. */
  get unread(): number {
    const unread = sourcesOf(this.found).map(
      ({ path, size }) => size - (this.#readings.get(path)?.offset ?? 0),
    );
    return unread.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
  }

  /** What could not be read, for people. */
  get remarks(): readonly string[] {
    return [...this.#unreadable.values(), ...[...this.#damages.values()].flat()];
  }

  /** The largest step of a value, or null. */
  get step(): number | null {
    let largest = Number.NEGATIVE_INFINITY;
    for (const series of this.scalars.values()) {
      const { steps } = series.points;
      largest = Math.max(largest, steps.at(-1) ?? largest);
    }
    return Number.isFinite(largest) ? largest : null;
  }

  /** The number of points of all curves. */
  get points(): number {
    let points = 0;
    for (const series of this.scalars.values()) points += series.length;
    return points;
  }

  /** The number of tags. */
  get tagCount(): number {
    return this.#tags.size;
  }

  pointsOf(tag: string): Points | undefined {
    return this.scalars.get(tag)?.points;
  }

  /** Reads what the files gained since the previous call.
   * @param found the files as they are now
   * @param room how much may be kept, which becomes less */
  async refresh(found: FoundRun, read: ReadPiece, room: Room = roomBeside([])): Promise<RunChanges> {
    const changes = new Changes();
    const sources = sourcesOf(found);
    if (this.#isReplaced(sources)) {
      this.#noteReplaced(changes);
      this.#reset();
    }
    if (filesText(found) !== filesText(this.found)) changes.isChanged = true;
    changes.hasLog = fileText(found.files.get(logFileName)) !== fileText(this.found.files.get(logFileName));
    this.found = found;
    for (const file of sources) await this.#follow(file, { read, changes, room });
    if (changes.isReplaced || changes.before.size > 0 || changes.histograms.size > 0 || changes.hasImages)
      changes.isChanged = true;
    if (changes.isChanged) this.version++;
    return changes;
  }

  #isReplaced(sources: readonly FoundFile[]): boolean {
    const now = new Map(sources.map((file) => [file.path, file]));
    for (const [path, { inode, offset }] of this.#readings) {
      const file = now.get(path);
      if (file === undefined || file.inode !== inode || file.size < offset) return true;
    }
    return false;
  }

  #reset(): void {
    this.scalars.clear();
    this.located = [];
    this.plugins.clear();
    this.#tags.clear();
    this.#readings.clear();
    this.#unreadable.clear();
    this.#damages.clear();
    this.hyperparameters = {};
    this.hasEnded = false;
    this.started = Number.POSITIVE_INFINITY;
    this.changed = Number.NEGATIVE_INFINITY;
  }

  async #follow(file: FoundFile, { read, changes, room }: Refreshing): Promise<void> {
    const { path, inode, size, modifiedMillis } = file;
    const known = this.#readings.get(path);
    if (known !== undefined && known.seenSize === size && known.seenMillis === modifiedMillis) return;
    const reading = known ?? { inode, offset: 0, state: undefined, seenSize: -1, seenMillis: -1 };
    this.#readings.set(path, reading);
    const kind = file.name === metricsFileName ? 'metrics' : 'events';
    try {
      for (let isAll = false; !isAll; ) {
        const { offset: from, state } = reading;
        const piece = await read({ kind, path, from, state, left: size - from });
        this.#noteDamages(file, this.#take(piece, path, { changes, room }));
        reading.offset = piece.end;
        reading.state = piece.state;
        isAll = piece.isAll;
        this.#noteDamages(file, piece.damages);
      }
    } catch (error) {
      const why = withoutPath(oneLine(messageOf(error)), file);
      this.#problem(file.name, `${oneLine(file.name)}: cannot be read (${why})`, changes);
      return;
    }
    this.#problem(file.name, undefined, changes);
    reading.seenSize = size;
    reading.seenMillis = modifiedMillis;
  }

  /** Notes why a file cannot be read at the moment, or that it can. */
  #problem(name: string, text: string | undefined, changes: Changes): void {
    if (this.#unreadable.get(name) === text) return;
    changes.isChanged = true;
    if (text === undefined) this.#unreadable.delete(name);
    else this.#unreadable.set(name, text);
  }

  #noteDamages(file: FoundFile, damages: readonly string[]): void {
    if (damages.length === 0) return;
    const known = this.#damages.get(file.name) ?? [];
    const all = new Set([...known, ...damages.map((what) => withoutPath(oneLine(what), file))]);
    this.#damages.set(file.name, [...all].slice(0, mostDamages));
  }

  /** Returns remarks about what is left out. */
  #take(
    piece: Piece,
    file: string,
    { changes, room }: Pick<Refreshing, 'changes' | 'room'>,
  ): readonly string[] {
    const leftOut = new Set<string>();
    if (piece.discardFrom !== null) this.#discardFrom(piece.discardFrom, changes);
    for (const { tag, ...points } of piece.scalars) {
      const reason =
        this.#reasonAgainst(tag, room) ?? (points.steps.length > room.points ? remarks.values : undefined);
      if (reason !== undefined) {
        leftOut.add(reason);
        continue;
      }
      room.points -= points.steps.length;
      const series = this.scalars.get(tag) ?? new Series();
      this.scalars.set(tag, series);
      if (!changes.before.has(tag)) changes.before.set(tag, series.length);
      series.append(points);
      changes.added += points.steps.length;
      this.started = Math.min(this.started, points.times[0] ?? this.started);
      this.changed = Math.max(this.changed, points.times.at(-1) ?? this.changed);
    }
    for (const one of piece.located) {
      const reason = this.#reasonAgainst(one.tag, room) ?? (room.located <= 0 ? remarks.values : undefined);
      if (reason !== undefined) {
        leftOut.add(reason);
        continue;
      }
      room.located--;
      this.located.push({ ...one, file });
      if (one.kind === 'image') changes.hasImages = true;
      else changes.histograms.add(idOf(one.tag));
    }
    for (const [tag, plugin] of piece.plugins)
      if (this.plugins.has(tag) || this.plugins.size < mostTags) this.plugins.set(tag, plugin);
    if (piece.hyperparameters !== null) this.hyperparameters = piece.hyperparameters;
    if (piece.discardFrom !== null || piece.hasEnded) this.hasEnded = piece.hasEnded;
    return [...leftOut];
  }

  /** Returns why a tag is left out, or undefined. */
  #reasonAgainst(tag: string, room: Room): string | undefined {
    if (this.#tags.has(tag)) return undefined;
    if (Buffer.byteLength(tag) > longestTag) return remarks.longTag;
    if (this.#tags.size >= mostTags || room.tags <= 0) return remarks.tags;
    room.tags--;
    this.#tags.add(tag);
    return undefined;
  }

  #noteReplaced(changes: Changes): void {
    changes.isReplaced = true;
    for (const tag of this.scalars.keys()) changes.replacedCurves.add(idOf(tag));
    for (const id of histogramIds(this)) changes.histograms.add(id);
  }

  #discardFrom(step: number, changes: Changes): void {
    const hasPoints = [...this.scalars.values()].some(({ points }) => points.steps.some((at) => at >= step));
    if (!hasPoints && this.located.every((one) => one.step < step)) return;
    this.#noteReplaced(changes);
    for (const [tag, series] of this.scalars) {
      series.discardFrom(step);
      if (series.length === 0) this.scalars.delete(tag);
    }
    this.located = this.located.filter((one) => one.step < step);
    const kept = [...this.scalars.values()].map(({ points }) => points.times);
    this.started = Math.min(...kept.map((times) => times[0] ?? Number.POSITIVE_INFINITY));
    this.changed = Math.max(...kept.map((times) => times.at(-1) ?? Number.NEGATIVE_INFINITY));
  }
}

class Changes implements RunChanges {
  isChanged = false;
  isReplaced = false;
  added = 0;
  hasImages = false;
  hasLog = false;
  readonly histograms: Set<string> = new Set();
  readonly replacedCurves: Set<string> = new Set();
  readonly before: Map<string, number> = new Map();
}

/** Returns the ids of the tags of a run's histograms. */
export function histogramIds({ located }: Pick<Run, 'located'>): readonly string[] {
  return [...new Set(located.filter(({ kind }) => kind === 'histogram').map(({ tag }) => tag))].map(idOf);
}

/** Returns the points of a curve from an index on. */
export function pointsFrom(points: Points, index: number): Points {
  return sliceOf(points, index, points.steps.length);
}

/** Returns the files with values, in the order in which they are read: the event files, or `metrics.jsonl` if there are none. */
function sourcesOf({ files }: FoundRun): readonly FoundFile[] {
  const events = [...files.values()].filter(({ name }) => isEventFileName(name));
  if (events.length > 0) return events.sort((a, b) => (a.name < b.name ? -1 : 1));
  const metrics = files.get(metricsFileName);
  return metrics === undefined ? [] : [metrics];
}

function filesText({ files }: FoundRun): string {
  return [...files.values()].map(fileText).join();
}

function fileText(file: FoundFile | undefined): string {
  return file === undefined ? '' : `${file.name}:${file.inode}:${file.size}:${file.modifiedMillis}`;
}
