/**
 * A file of records, TensorFlow's TFRecord. Numbers are little-endian, and records follow each other without gaps:
 *
 *     bytes   what
 *     8       length of the data
 *     4       masked CRC-32C of those 8 bytes
 *     length  the data
 *     4       masked CRC-32C of the data
 *
 * There is no header and no end marker, so a file may end in an incomplete record if it is still being written or its writer
 * was killed. The format is defined in TensorFlow's core/lib/io/record_writer.cc.
 */
import type { FileHandle } from 'node:fs/promises';
import { maskedCrc32c } from '../crc32c.ts';
import { openRegularFile } from '../disk/regular-file.ts';
import { messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';

const headBytes = 12;
const tailBytes = 4;
/** The minimum number of bytes to read from a file at once. */
const pieceBytes = 1 << 20;

/** Makes a record of the data. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(headBytes + data.length + tailBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, headBytes);
  view.setUint32(headBytes + data.length, maskedCrc32c(data), true);
  return record;
}

export interface FileRecord {
  readonly data: Uint8Array;
  /** The byte offset of the record in the file. */
  readonly start: number;
  /** The offset of the byte after the record, from which reading can continue when the file has grown. */
  readonly end: number;
}

/** Bytes of a file that are not a complete record. */
export interface Damage {
  /** A description of the damage: the file, the byte, what was found there and what was expected. */
  readonly what: string;
  /** The bytes that are skipped. Reading continues at `end`. */
  readonly start: number;
  readonly end: number;
}

export interface ReadRecordsOptions {
  /** The byte offset at which to start. It must be the start of a record. Default: 0. */
  readonly from?: number;
  /** Called for damage, and for an incomplete record at the end. Reading then continues at the next intact record. Without
   * this function, damage causes a RunError, and an incomplete record at the end is ignored, because the writer may still be
   * running. */
  readonly onDamage?: (damage: Damage) => void;
  /** Whether to follow a symbolic link in the last part of the path. Default: `follow`. */
  readonly links?: 'follow' | 'refuse';
}

/** Larger records are skipped, because events are never that large. */
const maximumRecordBytes = 2 ** 30;
/** After damage, the next record is searched for in this many bytes. */
const searchedBytes = 64 << 20;

/** Yields the complete records of a file, in order.
 * @throws RunError when the file cannot be read, or when it is damaged and there is no `onDamage`; the message then
 * names the file and the byte offset */
export async function* readRecords(
  path: string,
  { from = 0, onDamage, links = 'follow' }: ReadRecordsOptions = {},
): AsyncGenerator<FileRecord, void, undefined> {
  const file = await attempt(path, () => openRegularFile(path, { links }));
  try {
    const window = new FileWindow(file, path);
    for (let start = from; ; ) {
      const found = await recordAt(window, start, path);
      if (found === 'end') return;
      if ('data' in found) {
        yield found;
        start = found.end;
        continue;
      }
      const { what, isCut } = found;
      if (onDamage === undefined) {
        if (isCut) return;
        throw new RunError(`${what}; the file is damaged. Move it away to read the other files.`);
      }
      const end = await nextRecord(window, start + 1);
      onDamage({ what, start, end });
      start = end;
    }
  } finally {
    await file.close();
  }
}

interface NoRecord {
  readonly what: string;
  /** Whether the file ends before the record does. */
  readonly isCut: boolean;
}

async function recordAt(
  window: FileWindow,
  start: number,
  path: string,
): Promise<FileRecord | NoRecord | 'end'> {
  const where = `${oneLine(path)}: byte ${start}`;
  const head = await window.bytes(start, headBytes);
  if (head === undefined) {
    const left = window.size - start;
    return left <= 0
      ? 'end'
      : { what: `${where}: the file ends after ${left} bytes of a record`, isCut: true };
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const problem = checksumProblem(head.subarray(0, 8), view.getUint32(8, true));
  if (problem !== undefined) return { what: `${where}: length of a record ${problem}`, isCut: false };
  const length = Number(view.getBigUint64(0, true));
  const end = start + headBytes + length + tailBytes;
  if (end > (await window.currentSize())) {
    const [found, expected] = [window.size - start, end - start].map((bytes) =>
      bytes.toLocaleString('en-US'),
    );
    return {
      what: `${where}: the file ends after ${found} of the ${expected} bytes of a record`,
      isCut: true,
    };
  }
  if (length > maximumRecordBytes)
    return { what: `${where}: a record of ${length} bytes is too large`, isCut: false };
  const body = await window.bytes(start + headBytes, length + tailBytes);
  if (body === undefined) return { what: `${where}: the file became shorter`, isCut: true };
  return dataOf(body, path, start, end);
}

function dataOf(body: Uint8Array, path: string, start: number, end: number): FileRecord | NoRecord {
  const data = body.subarray(0, body.length - tailBytes);
  const stored = new DataView(body.buffer, body.byteOffset + data.length, tailBytes).getUint32(0, true);
  const problem = checksumProblem(data, stored);
  if (problem !== undefined) {
    return { what: `${oneLine(path)}: byte ${start + headBytes}: data of a record ${problem}`, isCut: false };
  }
  return { data: data.slice(), start, end }; // a copy, because the window is reused
}

function checksumProblem(bytes: Uint8Array, stored: number): string | undefined {
  const found = maskedCrc32c(bytes);
  if (found === stored) return undefined;
  const hexadecimal = (checksum: number) => checksum.toString(16).padStart(8, '0');
  return `(${bytes.length} bytes) has checksum ${hexadecimal(found)}, expected ${hexadecimal(stored)}`;
}

/** Returns the offset of the first record at or after `from` with a valid length and checksum, or the end of the file. */
async function nextRecord(window: FileWindow, from: number): Promise<number> {
  const size = await window.currentSize();
  for (let start = from; start + headBytes <= size && start - from < searchedBytes; ) {
    const piece = await window.bytes(start, Math.min(pieceBytes, size - start));
    if (piece === undefined) break;
    const at = headIn(piece, size - start);
    if (at !== undefined) return start + at;
    start += piece.length - headBytes + 1;
  }
  return size;
}

const checksumOfZero = maskedCrc32c(new Uint8Array(8));

/** @param left the number of bytes from the start of the piece to the end of the file */
function headIn(piece: Uint8Array, left: number): number | undefined {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.length);
  for (let at = 0; at + headBytes <= piece.length; at++) {
    // The cheap checks come first, because there may be millions of zeros.
    if (view.getUint32(at + 4, true) !== 0) continue;
    const length = view.getUint32(at, true);
    const stored = view.getUint32(at + 8, true);
    if (at + headBytes + length + tailBytes > left || (length === 0 && stored !== checksumOfZero)) continue;
    if (maskedCrc32c(piece.subarray(at, at + 8)) === stored) return at;
  }
  return undefined;
}

/** A sliding window over a file. */
class FileWindow {
  readonly #file: FileHandle;
  readonly #path: string;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  #size = 0;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** The size of the file when it was last checked. */
  get size(): number {
    return this.#size;
  }

  /** Returns the current size of the file, which may still be growing. */
  async currentSize(): Promise<number> {
    this.#size = await attempt(this.#path, async () => (await this.#file.stat()).size);
    return this.#size;
  }

  /** Returns `length` bytes of the file from `start`, which are valid until the next call, or undefined if the file is too
   * short. */
  async bytes(start: number, length: number): Promise<Uint8Array | undefined> {
    if (start < this.#start || start + length > this.#start + this.#bytes.length) {
      await attempt(this.#path, () => this.#moveTo(start, length));
    }
    const piece = this.#bytes.subarray(start - this.#start, start - this.#start + length);
    return piece.length === length ? piece : undefined;
  }

  async #moveTo(start: number, length: number): Promise<void> {
    // The size is checked first, because a corrupt length may be huge and memory should not be allocated for it.
    const size = await this.currentSize();
    const wanted = Math.max(0, Math.min(Math.max(length, pieceBytes), size - start));
    const bytes = new Uint8Array(start + length > size ? 0 : wanted);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, start);
    this.#bytes = bytes.subarray(0, bytesRead);
    this.#start = start;
  }
}

async function attempt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const why = oneLine(messageOf(error));
    throw new RunError(`cannot read ${oneLine(path)}: ${why}. Check that it exists and is readable.`, {
      cause: error,
    });
  }
}
