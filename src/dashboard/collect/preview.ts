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

const newline = 0x0a;

/** @throws the error of the operating system, or UnsuitableFileError */
export function previewOf(kind: 'events' | 'metrics', path: string): Piece {
  const descriptor = openRegularFileSync(path, { links: 'refuse' });
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(firstBytes);
    const taker = kind === 'events' ? new EventPlaces() : new LinePlaces();
    for (let place = 0; place < places; place++) {
      const from = Math.floor((place * Math.max(0, size - placeBytes)) / (places - 1));
      const length = readSync(descriptor, buffer, 0, place === 0 ? firstBytes : placeBytes, from);
      taker.take(buffer.subarray(0, length), from);
    }
    return { ...emptyPiece, scalars: taker.scalars };
  } finally {
    closeSync(descriptor);
  }
}

/** Takes what is complete in a part of a file. */
interface Places {
  readonly take: (part: Buffer, from: number) => void;
  readonly scalars: Piece['scalars'];
}

class LinePlaces implements Places {
  readonly #lines = new MetricsLines();

  get scalars(): Piece['scalars'] {
    return this.#lines.scalars;
  }

  take(part: Buffer, from: number): void {
    const first = from === 0 ? 0 : part.indexOf(newline) + 1;
    this.#lines.take(part.subarray(first, Math.max(first, part.lastIndexOf(newline) + 1)));
  }
}

class EventPlaces implements Places {
  readonly #taker = new EventTaker({ version: 0, plugins: [] });
  /** The position after the last record that was taken. */
  #end = 0;

  get scalars(): Piece['scalars'] {
    return this.#taker.collected.result().scalars;
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
