/**
 * Reading a tar archive as a stream (POSIX.1-1988 "ustar", with GNU's and POSIX.1-2001's long names).
 *
 * | offset | bytes | field of a header block of 512 | read as |
 * |---|---|---|---|
 * | 0 | 100 | name | text up to the first zero |
 * | 124 | 12 | size of the content | octal digits |
 * | 148 | 8 | checksum: sum of the header's bytes, these eight taken as spaces | octal digits |
 * | 156 | 1 | type: `0` or zero a file, `5` a folder, `L` GNU's long name, `x` and `g` extended headers | a character |
 * | 345 | 155 | prefix of the name, where offset 257 says `ustar` | text up to the first zero |
 *
 * The content follows in whole blocks, and two blocks of zeros end the archive.
 */
import { RunError } from '../../errors.ts';

const blockBytes = 512;

export interface TarEntry {
  readonly path: string;
  /** `file`, `folder`, or what else it is: a link, a device. */
  readonly kind: 'file' | 'folder' | 'other';
  readonly size: number;
  /** Of a file. */
  readonly content: Uint8Array;
}

/** The entries of an archive, in order, their contents in memory.
 * @param mostBytes the largest content that is read
 * @throws RunError naming the archive and the entry where it is cut short, damaged or too large. */
export async function* readTar(
  archive: string,
  stream: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<TarEntry, void, void> {
  const reader = new BlockReader(stream);
  let longName: string | undefined;
  for (let number = 0; ; number++) {
    const header = await reader.take(blockBytes);
    if (header === undefined) throw new RunError(`${archive}: is cut short after ${number} entries`);
    if (header.every((byte) => byte === 0)) return;
    requireChecksum(archive, header, number);
    const size = octal(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const path = longName ?? nameOf(header);
    if (size > mostBytes)
      throw new RunError(`${archive}: ${path} has ${size} bytes, at most ${mostBytes} are expected`);
    const content = await reader.take(Math.ceil(size / blockBytes) * blockBytes);
    if (content === undefined) throw new RunError(`${archive}: is cut short in ${path}`);
    const bytes = content.subarray(0, size);
    longName = undefined;
    if (type === 'L') longName = text(bytes, 0, size);
    else if (type === 'x') longName = extendedPath(bytes);
    else if (type !== 'g') yield { path, kind: kindOf(type), size, content: bytes };
  }
}

function kindOf(type: string): TarEntry['kind'] {
  if (type === '0' || type === '\0') return 'file';
  return type === '5' ? 'folder' : 'other';
}

function nameOf(header: Uint8Array): string {
  const name = text(header, 0, 100);
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The record `<length> path=<path>` of an extended header. */
function extendedPath(bytes: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(new TextDecoder().decode(bytes))?.[1];
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function requireChecksum(archive: string, header: Uint8Array, number: number): void {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (octal(header, 148, 8) === sum && !Number.isNaN(octal(header, 124, 12))) return;
  throw new RunError(`${archive}: not a tar archive, or damaged: bad header checksum (entry ${number})`);
}

/** Takes runs of bytes off a stream of chunks. */
class BlockReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Undefined when the stream ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) return undefined;
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? new Uint8Array()) : Buffer.concat(parts);
  }
}
