/** Reads a piece of an event file. Records and events are read as `summary/` does, but without a promise and a decoded message for
 * each of them, because a folder may contain millions of points. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularFileSync } from '../../disk/regular-file.ts';
import { RunError } from '../../errors.ts';
import { readRecords } from '../../summary/record-file.ts';
import { EventTaker, endOfRecord, type FileState, headBytes, tailBytes } from './event-taker.ts';
import { largestRecord, longestTag, mostTags, remarks } from './limits.ts';
import type { Piece, PieceRequest } from './piece.ts';

/** The bytes that are read at once, and the most that a piece consists of. */
const [chunkBytes, pieceBytes] = [1 << 20, 32 << 20];
/** Used for one chunk after another. Nothing keeps a part of it, and no other piece is read between filling and reading it. */
const chunk = new Uint8Array(chunkBytes);
/** The most damages of a piece that are described. */
const mostDamages = 3;

/** @throws RunError when the file cannot be read */
export async function readEventPiece({ path, from, state }: PieceRequest): Promise<Piece> {
  const known = (state ?? { version: 0, plugins: [] }) as FileState;
  const reading = new EventPiece(path, from, known);
  const descriptor = openRegularFileSync(path, { links: 'refuse' });
  try {
    await reading.read(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return reading.piece;
}

class EventPiece {
  readonly #path: string;
  readonly #taker: EventTaker;
  readonly #damages: string[] = [];
  readonly #from: number;
  #at: number;
  #isAll = false;

  constructor(path: string, from: number, state: FileState) {
    this.#path = path;
    this.#from = from;
    this.#at = from;
    this.#taker = new EventTaker(state);
  }

  get piece(): Piece {
    const { decoder, scanner, collected } = this.#taker;
    const plugins = [...decoder.plugins]
      .filter(([tag]) => Buffer.byteLength(tag) <= longestTag)
      .slice(0, mostTags);
    const { isLong, isMany } = scanner.leftOut;
    if (isLong) this.#damages.push(remarks.longTag);
    if (isMany) this.#damages.push(remarks.tags);
    return {
      ...collected.result(),
      end: this.#at,
      isAll: this.#isAll,
      state: { version: collected.version, plugins } satisfies FileState,
      plugins,
      damages: this.#damages,
    };
  }

  async read(descriptor: number): Promise<void> {
    let buffer: Uint8Array = chunk;
    while (this.#at - this.#from < pieceBytes) {
      const length = readSync(descriptor, buffer, 0, buffer.length, this.#at);
      const used = this.#readRecords(buffer.subarray(0, length));
      if (used === 'damaged') {
        if (!(await this.#skipDamage())) return;
        continue;
      }
      this.#at += used;
      if (used > 0) continue;
      const left = fstatSync(descriptor).size - this.#at;
      const needed = length < headBytes ? 0 : headBytes + lengthIn(buffer) + tailBytes;
      if (needed <= buffer.length || needed > left) {
        this.#isAll = true;
        return;
      }
      if (needed > largestRecord) {
        this.#note(
          `byte ${this.#at}: a record of ${needed.toLocaleString('en-US')} bytes is too large, at most ${largestRecord.toLocaleString('en-US')} are read`,
        );
        this.#at += needed;
        continue;
      }
      buffer = new Uint8Array(needed);
    }
  }

  /** Reads the complete records in a buffer that begins at the current position. Returns the number of their bytes, or `damaged` if
   * there is none and the first is damaged. */
  #readRecords(buffer: Uint8Array): number | 'damaged' {
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#taker.scanner.use(buffer);
    let at = 0;
    for (;;) {
      const end = endOfRecord(buffer, view, at);
      if (end === 'short') return at;
      if (end === 'damaged') return at > 0 ? at : 'damaged';
      this.#readEvent(buffer, at + headBytes, end, this.#at + at);
      at = end + tailBytes;
    }
  }

  #readEvent(buffer: Uint8Array, from: number, to: number, offset: number): void {
    try {
      this.#taker.take(buffer, from, to, offset);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      this.#note(error.message);
    }
  }

  #note(damage: string): void {
    if (this.#damages.length < mostDamages) this.#damages.push(damage);
  }

  /** Continues at the next intact record. Returns false if there is none. */
  async #skipDamage(): Promise<boolean> {
    let [what, next] = ['', -1];
    const onDamage = (damage: { readonly what: string; readonly end: number }) => {
      if (what === '') what = damage.what;
    };
    for await (const { start } of readRecords(this.#path, { from: this.#at, onDamage, links: 'refuse' })) {
      next = start;
      break;
    }
    // The end of a file that is being copied may not have been written yet. It is damage only if something follows.
    if (next <= this.#at) {
      this.#isAll = true;
      return false;
    }
    this.#note(what);
    this.#at = next;
    return true;
  }
}

function lengthIn(buffer: Uint8Array): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset, 8);
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
}
