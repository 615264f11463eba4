/**
 * A file of records, TensorFlow's TFRecord. Numbers are little-endian; records follow each other without a gap:
 *
 *     bytes   what
 *     8       length of the data
 *     4       masked CRC-32C of those 8 bytes
 *     length  the data
 *     4       masked CRC-32C of the data
 *
 * There is no header and no end mark, so a file that is still being written, or whose writer was killed, ends in a
 * record that is not whole. Defined in TensorFlow's core/lib/io/record_writer.cc.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, RunError } from '../errors.ts';
import { maskedCrc32c } from './crc32c.ts';

const headBytes = 12;
const tailBytes = 4;
/** Files are read in pieces of at least so many bytes. */
const pieceBytes = 1 << 20;

/** The record that holds the data. */
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
  /** Byte of the file at which the record starts. */
  readonly start: number;
  /** The byte after it: where to go on reading when the file has grown. */
  readonly end: number;
}

/** The whole records of a file in order, from a byte at which one starts. What is left at the end and is no whole
 * record is passed over.
 * @throws RunError naming file and byte when a checksum is wrong, or when the file cannot be read. */
export async function* readRecords(path: string, from = 0): AsyncGenerator<FileRecord, void, undefined> {
  const file = await attempt(path, () => open(path));
  try {
    const window = new FileWindow(file, path);
    for (let start = from; ; ) {
      const head = await window.bytes(start, headBytes);
      if (head === undefined) return;
      const length = lengthOf(head, path, start);
      const end = start + headBytes + length + tailBytes;
      const body = await window.bytes(start + headBytes, length + tailBytes);
      if (body === undefined) return;
      yield { data: dataOf(body, path, start + headBytes), start, end };
      start = end;
    }
  } finally {
    await file.close();
  }
}

function lengthOf(head: Uint8Array, path: string, start: number): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  requireChecksum(head.subarray(0, 8), view.getUint32(8, true), `${path}: byte ${start}: length of a record`);
  return Number(view.getBigUint64(0, true));
}

function dataOf(body: Uint8Array, path: string, start: number): Uint8Array {
  const data = body.subarray(0, body.length - tailBytes);
  const stored = new DataView(body.buffer, body.byteOffset + data.length, tailBytes).getUint32(0, true);
  requireChecksum(data, stored, `${path}: byte ${start}: data of a record`);
  return data.slice(); // the window is used again
}

function requireChecksum(bytes: Uint8Array, stored: number, where: string): void {
  const found = maskedCrc32c(bytes);
  if (found === stored) return;
  const hexadecimal = (checksum: number) => checksum.toString(16).padStart(8, '0');
  throw new RunError(
    `${where} (${bytes.length} bytes) has checksum ${hexadecimal(found)}, the file says ${hexadecimal(stored)}; ` +
      'the file is damaged. Move it away to read the others.',
  );
}

/** A piece of a file in memory that moves forward. */
class FileWindow {
  readonly #file: FileHandle;
  readonly #path: string;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** `length` bytes of the file from `start`, good until the next call; undefined when the file ends before. */
  async bytes(start: number, length: number): Promise<Uint8Array | undefined> {
    if (start < this.#start || start + length > this.#start + this.#bytes.length) {
      await attempt(this.#path, () => this.#moveTo(start, length));
    }
    const piece = this.#bytes.subarray(start - this.#start, start - this.#start + length);
    return piece.length === length ? piece : undefined;
  }

  async #moveTo(start: number, length: number): Promise<void> {
    // Asked first: a length may be large and its file short, and the memory for it is better not taken.
    const { size } = await this.#file.stat();
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
    throw new RunError(`cannot read ${path}: ${messageOf(error)}. Check that it is there and may be read.`);
  }
}
