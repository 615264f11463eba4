/**
 * Reads the parts of an event that curves need, without decoding the message: an event with one scalar takes a fraction of a
 * microsecond. The field numbers are those of `event.proto` and `summary.proto` of TensorBoard 2.21; the encoding is
 * https://protobuf.dev/programming-guides/encoding. (No lists are destructured here, which would take longer than the rest.) Anything unusual makes `scan` return false, and the caller then decodes the
 * event with `summary/event-decode.ts`.
 */

import { longestTag, mostTags } from './limits.ts';

/** Receives the values of an event in order. */
export interface EventSink {
  scalar(tag: TagEntry, value: number): void;
  histogram(tag: TagEntry): void;
  image(tag: TagEntry, width: number, height: number): void;
}

/** A tag that was seen. */
export interface TagEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The index of the tag in the order in which tags were first seen. */
  readonly index: number;
}

const decoder = new TextDecoder();
/** The entry of the tags that are left out. */
const leftOut: TagEntry = { name: '', bytes: new Uint8Array(0), index: -1 };

export class EventScanner {
  wallTime = 0;
  step = 0;
  /** Which tags were left out: see `limits.ts`. */
  readonly leftOut = { isLong: false, isMany: false };
  /** The first tag with each hash, and the others by their bytes as a text: a hostile file can contain tags with the same hash. */
  readonly #tags = new Map<number, TagEntry>();
  readonly #others = new Map<string, TagEntry>();
  #count = 0;
  /** The tag that last followed each tag, by its index. Events repeat their tags in the same order. */
  readonly #followers: TagEntry[] = [];
  #last = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** The position after the last varint. */
  #at = 0;

  /** Sets the buffer that later calls of `scan` read. */
  use(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads the event from `from` up to `to` in the buffer. Returns false if it must be decoded instead. The sink may then have
   * received some of its values, which the caller must discard. */
  scan(from: number, to: number, sink: EventSink): boolean {
    this.wallTime = 0;
    this.step = 0;
    let summary = -1;
    let summaryEnd = -1;
    let at = from;
    while (at < to) {
      const key = this.#bytes[at] as number;
      if (key === 0x09 && at + 9 <= to) {
        this.wallTime = this.#view.getFloat64(at + 1, true);
        at += 9;
      } else if (key === 0x10) {
        const step = this.#varint(at + 1, to);
        if (step < 0) return false;
        this.step = step;
        at = this.#at;
      } else if (key === 0x2a && summary < 0) {
        const length = this.#varint(at + 1, to);
        if (length < 0) return false;
        summary = this.#at;
        summaryEnd = summary + length;
        at = summaryEnd;
      } else return false;
    }
    return at === to && summary >= 0 && this.#scanSummary(summary, summaryEnd, sink);
  }

  /** Returns the entry of a tag. Its index is −1 if the tag is left out. */
  tagNamed(name: string): TagEntry {
    const bytes = new TextEncoder().encode(name);
    return this.#tagIn(bytes, 0, bytes.length);
  }

  #scanSummary(from: number, to: number, sink: EventSink): boolean {
    let at = from;
    while (at < to) {
      if (this.#bytes[at] !== 0x0a) return false;
      const length = this.#varint(at + 1, to);
      if (length < 0 || this.#at + length > to) return false;
      const start = this.#at;
      at = start + length;
      if (!this.#scanValue(start, at, sink)) return false;
    }
    return at === to;
  }

  #scanValue(from: number, to: number, sink: EventSink): boolean {
    let tag: TagEntry | undefined;
    let kind = 0;
    let content = 0;
    let contentEnd = 0;
    let at = from;
    while (at < to) {
      const key = this.#bytes[at] as number;
      if (key === 0x15 && kind === 0 && at + 5 <= to) {
        kind = key;
        content = at + 1;
        at += 5;
        continue;
      }
      // All other fields that are known here have a length: tag, image, histo, metadata.
      if (key !== 0x0a && key !== 0x22 && key !== 0x2a && key !== 0x4a) return false;
      const length = this.#varint(at + 1, to);
      if (length < 0 || this.#at + length > to) return false;
      const start = this.#at;
      at = start + length;
      if (key === 0x0a) tag = this.#tagIn(this.#bytes, start, at);
      else if (key !== 0x4a) {
        if (kind !== 0) return false;
        kind = key;
        content = start;
        contentEnd = at;
      }
    }
    if (tag === undefined || at !== to) return false;
    if (kind === 0x15) sink.scalar(tag, this.#view.getFloat32(content, true));
    else if (kind === 0x2a) sink.histogram(tag);
    else if (kind === 0x22) return this.#scanImage(tag, content, contentEnd, sink);
    else return false;
    return true;
  }

  /** Reads the size of an image: height = 1, width = 2, colorspace = 3, encoded_image_string = 4. */
  #scanImage(tag: TagEntry, from: number, to: number, sink: EventSink): boolean {
    let width = 0;
    let height = 0;
    let at = from;
    while (at < to) {
      const key = this.#bytes[at] as number;
      if (key !== 0x08 && key !== 0x10 && key !== 0x18 && key !== 0x22) return false;
      const value = this.#varint(at + 1, to);
      if (value < 0) return false;
      at = key === 0x22 ? this.#at + value : this.#at;
      if (key === 0x08) height = value;
      if (key === 0x10) width = value;
    }
    if (at !== to) return false;
    sink.image(tag, width, height);
    return true;
  }

  /** Returns a varint, or −1 if it is incomplete or not a safe integer. */
  #varint(from: number, to: number): number {
    const first = this.#bytes[from] as number;
    if (first < 128 && from < to) {
      this.#at = from + 1;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let at = from; at < to && at < from + 8; at++) {
      const byte = this.#bytes[at] as number;
      value += (byte & 127) * factor;
      if (byte < 128) {
        this.#at = at + 1;
        return value <= Number.MAX_SAFE_INTEGER ? value : -1;
      }
      factor *= 128;
    }
    return -1;
  }

  /** Returns the entry of a tag. It is mostly the one that followed the previous tag before. */
  #tagIn(bytes: Uint8Array, from: number, to: number): TagEntry {
    const likely = this.#followers[this.#last];
    if (likely !== undefined && isSame(likely.bytes, bytes, from, to)) {
      this.#last = likely.index;
      return likely;
    }
    const found = this.#lookUp(bytes, from, to);
    if (found === leftOut) return found;
    this.#followers[this.#last] = found;
    this.#last = found.index;
    return found;
  }

  /** Finds the entry by a hash of its bytes (FNV-1a), because decoding the text of every value would take longer. */
  #lookUp(bytes: Uint8Array, from: number, to: number): TagEntry {
    if (to - from > longestTag) {
      this.leftOut.isLong = true;
      return leftOut;
    }
    let hash = 0x811c9dc5;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    const first = this.#tags.get(hash);
    if (first === undefined) {
      const entry = this.#entryOf(bytes, from, to);
      if (entry !== leftOut) this.#tags.set(hash, entry);
      return entry;
    }
    if (isSame(first.bytes, bytes, from, to)) return first;
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const entry = this.#entryOf(bytes, from, to);
    if (entry !== leftOut) this.#others.set(key, entry);
    return entry;
  }

  #entryOf(bytes: Uint8Array, from: number, to: number): TagEntry {
    if (this.#count >= mostTags) {
      this.leftOut.isMany = true;
      return leftOut;
    }
    // A copy, also of a Buffer, whose `slice` shares its memory.
    const own = Uint8Array.from(bytes.subarray(from, to));
    return { name: decoder.decode(own), bytes: own, index: this.#count++ };
  }
}

function isSame(own: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (own.length !== to - from) return false;
  for (let at = 0; at < own.length; at++) if (own[at] !== bytes[from + at]) return false;
  return true;
}
