/**
 * Reads a few places of a file, evenly spread, so that the page can show the curves of a large file before all of it has been read. Only
 * curves are looked for. The points are a part of those in the file, in its order.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularFileSync } from '../../disk/regular-file.ts';
import { RunError } from '../../errors.ts';
import { EventTaker, endOfRecord, headBytes, tailBytes } from './event-taker.ts';
import { emptyPiece, type Piece } from './piece.ts';
import { MetricsLines } from './read-metrics.ts';

/** How many places are read, and how many bytes at the first place, which has the tags and their plugins, and at each of the others. */
const [places, firstBytes, placeBytes] = [100, 16 << 10, 1536];
/** Smaller files are read whole soon enough. */
export const leastForPreview: number = 1 << 20;
/** The least bytes between places: a run may have thousands of small files. */
const leastApart = leastForPreview / places;

const newline = 0x0a;

/** @throws the error of the operating system, or UnsuitableFileError */
export function previewOf(kind: 'events' | 'metrics', path: string): Piece {
  const descriptor = openRegularFileSync(path, { links: 'refuse' });
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(firstBytes);
    const taker = kind === 'events' ? new EventPlaces() : new LinePlaces();
    const last = Math.max(1, Math.min(places, Math.ceil(size / leastApart)) - 1);
    for (let place = 0; place <= last; place++) {
      const from = Math.floor((place * Math.max(0, size - placeBytes)) / last);
      const length = readSync(descriptor, buffer, 0, place === 0 ? firstBytes : placeBytes, from);
      taker.take(buffer.subarray(0, length), from);
    }
    const { scalars, discardFrom } = taker.result;
    return { ...emptyPiece, scalars, discardFrom };
  } finally {
    closeSync(descriptor);
  }
}

/** Takes what is complete in a part of a file. */
interface Places {
  readonly take: (part: Buffer, from: number) => void;
  readonly result: PlacesResult;
}

type PlacesResult = Pick<Piece, 'scalars' | 'discardFrom'>;

class LinePlaces implements Places {
  readonly #lines = new MetricsLines();
  /** The position after the last line that was taken. */
  #end = 0;

  get result(): PlacesResult {
    return { scalars: this.#lines.scalars, discardFrom: null };
  }

  take(part: Buffer, from: number): void {
    // Places of a small file overlap.
    const first = from <= this.#end ? this.#end - from : part.indexOf(newline) + 1;
    const end = part.lastIndexOf(newline) + 1;
    if (end <= first) return;
    this.#lines.take(part.subarray(first, end));
    this.#end = from + end;
  }
}

class EventPlaces implements Places {
  readonly #taker = new EventTaker({ version: 0, plugins: [] });
  /** The position after the last record that was taken. */
  #end = 0;

  get result(): PlacesResult {
    return this.#taker.collected.result();
  }

  take(part: Buffer, from: number): void {
    const view = new DataView(part.buffer, part.byteOffset, part.length);
    this.#taker.scanner.use(part);
    let at = Math.max(0, this.#end - from);
    while (at + headBytes < part.length) {
      // The length of a record is below 4 GiB. Its checksum finds the first record of the part.
      const end = view.getUint32(at + 4, true) === 0 ? endOfRecord(part, view, at) : 'damaged';
      if (end === 'short') return;
      if (end === 'damaged') {
        at++;
        continue;
      }
      this.#takeEvent(part, at + headBytes, end, from + at);
      at = end + tailBytes;
      this.#end = from + at;
    }
  }

  #takeEvent(part: Buffer, from: number, to: number, offset: number): void {
    try {
      this.#taker.take(part, from, to, offset);
    } catch (error) {
      // The whole file is read later, which notes the damage.
      if (!(error instanceof RunError)) throw error;
    }
  }
}
