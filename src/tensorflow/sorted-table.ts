/**
 * The sorted table of LevelDB (google/leveldb, doc/table_format.md), which TensorFlow uses for the index of a tensor bundle. It
 * maps keys to values, in the order of the bytes of the keys.
 *
 *     block    entries: shared, unshared, length of the value (varints), the unshared end of the key, the value
 *              offsets of the entries whose key is stored in full (uint32 each), their number (uint32)
 *     trailer  compression (1 byte, 0 for none), masked CRC-32C of the block and that byte (uint32)
 *     file     data blocks, an empty metaindex block, an index block, the footer
 *     index    for every data block: a key that is not less than its last one → its offset and length (varints)
 *     footer   the offsets and lengths of metaindex and index (varints), padding to 40 bytes, the magic number (uint64)
 *
 * Numbers are little-endian. Only tables without compression are supported, which is how TensorFlow writes a bundle.
 */
import { maskedCrc32c } from '../crc32c.ts';
import { RunError } from '../errors.ts';

export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

const magic = 0xdb4775248b80fb57n;
const footerBytes = 48;
const handleBytes = 40;
const trailerBytes = 5;
/** Every sixteenth key of a data block is stored in full, and every key of the index. */
const restartInterval = 16;
/** A data block ends when it has at least this size (TensorFlow, core/lib/io/table_options.h). */
const blockBytes = 262_144;

/** Encodes a table.
 * @param entries sorted by the bytes of their keys, which differ
 * @throws RangeError for entries that are not sorted */
export function encodeTable(entries: readonly TableEntry[]): Uint8Array {
  const file = new ByteWriter();
  const index: TableEntry[] = [];
  let block = new BlockWriter(restartInterval);
  const finish = (next: Uint8Array | undefined) => {
    const key = separator(block.lastKey, next);
    index.push({ key, value: encodedHandle(writeBlock(file, block)) });
    block = new BlockWriter(restartInterval);
  };
  for (const [at, { key, value }] of entries.entries()) {
    const previous = entries[at - 1]?.key;
    if (previous !== undefined && compareBytes(previous, key) >= 0)
      throw new RangeError('the keys of a table must be sorted and differ');
    block.add(key, value);
    const next = entries[at + 1]?.key;
    if (next !== undefined && block.length >= blockBytes) finish(next);
  }
  if (entries.length > 0) finish(undefined);
  const metaindexHandle = writeBlock(file, new BlockWriter(restartInterval));
  const indexBlock = new BlockWriter(1);
  for (const { key, value } of index) indexBlock.add(key, value);
  const indexHandle = writeBlock(file, indexBlock);
  const footer = new ByteWriter();
  footer.bytes(encodedHandle(metaindexHandle));
  footer.bytes(encodedHandle(indexHandle));
  footer.bytes(new Uint8Array(handleBytes - footer.length));
  footer.uint64(magic);
  file.bytes(footer.result());
  return file.result();
}

/** Decodes a table and verifies its checksums.
 * @param file the name of the file, for messages
 * @throws RunError with the file and what is wrong with it */
export function decodeTable(bytes: Uint8Array, file: string): readonly TableEntry[] {
  if (bytes.length < footerBytes)
    throw new RunError(
      `${file}: too short for a table: found ${bytes.length} bytes, expected at least ${footerBytes}`,
    );
  const footer = bytes.subarray(bytes.length - footerBytes);
  const found = new DataView(footer.buffer, footer.byteOffset).getBigUint64(handleBytes, true);
  if (found !== magic)
    throw new RunError(
      `${file}: not the index of a tensor bundle: found the magic number 0x${found.toString(16)}, expected 0x${magic.toString(16)}`,
    );
  const reader = new ByteReader(footer, file);
  readHandle(reader); // the metaindex, which is empty
  const index = readBlock(bytes, readHandle(reader), file);
  const entries: TableEntry[] = [];
  for (const { value } of index) {
    // The order is checked after every block, because an index that names one block many times could fill the memory.
    for (const entry of readBlock(bytes, readHandle(new ByteReader(value, file)), file)) {
      const previous = entries.at(-1)?.key;
      if (previous !== undefined && compareBytes(previous, entry.key) >= 0)
        throw damaged(file, 'its keys are not sorted');
      entries.push(entry);
    }
  }
  return entries;
}

/** Returns a negative number if `a` comes first, and 0 if both are equal. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = sharedBytes(a, b);
  return (a[shared] ?? -1) - (b[shared] ?? -1);
}

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  return shared;
}

/** Returns a short key that is at least `last`, and less than `next` if there is a next key (LevelDB, util/comparator.cc). */
function separator(last: Uint8Array, next: Uint8Array | undefined): Uint8Array {
  if (next === undefined)
    return (
      raised(
        last,
        last.findIndex((byte) => byte < 255),
      ) ?? last
    );
  const at = sharedBytes(last, next);
  const isShorter = (last[at] ?? 255) + 1 < (next[at] ?? 0);
  return (isShorter ? raised(last, at) : undefined) ?? last;
}

/** Returns the key up to the byte `at`, which is increased by one. */
function raised(key: Uint8Array, at: number): Uint8Array | undefined {
  if (at < 0 || at >= key.length) return undefined;
  const short = key.slice(0, at + 1);
  short[at] = (short[at] ?? 0) + 1;
  return short;
}

function encodedHandle({ offset, length }: BlockHandle): Uint8Array {
  const bytes = new ByteWriter();
  bytes.varint(offset);
  bytes.varint(length);
  return bytes.result();
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), length: reader.varint() };
}

function writeBlock(file: ByteWriter, block: BlockWriter): BlockHandle {
  const offset = file.length;
  const content = block.finish();
  const typed = new Uint8Array(content.length + 1);
  typed.set(content);
  file.bytes(typed);
  file.uint32(maskedCrc32c(typed));
  return { offset, length: content.length };
}

function readBlock(bytes: Uint8Array, { offset, length }: BlockHandle, file: string): readonly TableEntry[] {
  const end = offset + length;
  if (end + trailerBytes > bytes.length - footerBytes)
    throw damaged(file, `a block ends at byte ${end}, behind the end of the file`);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, trailerBytes);
  if (trailer.getUint32(1, true) !== maskedCrc32c(bytes.subarray(offset, end + 1)))
    throw damaged(file, `the checksum of the block at byte ${offset} is wrong`);
  const compression = trailer.getUint8(0);
  if (compression !== 0)
    throw new RunError(
      `${file}: the block at byte ${offset} is compressed (type ${compression}), which is not supported`,
    );
  return entriesOf(bytes.subarray(offset, end), file);
}

function entriesOf(block: Uint8Array, file: string): readonly TableEntry[] {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const restarts = block.length < 4 ? 0 : view.getUint32(block.length - 4, true);
  const end = block.length - 4 * (restarts + 1);
  if (restarts === 0 || end < 0) throw damaged(file, 'a block has no entries and no end');
  const reader = new ByteReader(block.subarray(0, end), file);
  const entries: TableEntry[] = [];
  let key = new Uint8Array();
  while (!reader.isAtEnd) {
    const [shared, unshared, length] = [reader.varint(), reader.varint(), reader.varint()];
    if (shared > key.length) throw damaged(file, 'a key continues a shorter one');
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(reader.bytes(unshared), shared);
    key = next;
    entries.push({ key, value: reader.bytes(length) });
  }
  return entries;
}

function damaged(file: string, what: string): RunError {
  return new RunError(`${file}: the file is damaged: ${what}`);
}

/** Appends the entries of a block. */
class BlockWriter {
  readonly #interval: number;
  readonly #entries: ByteWriter = new ByteWriter();
  readonly #restarts: number[] = [0];
  #count = 0;
  #lastKey: Uint8Array = new Uint8Array();

  /** @param interval every key with an index that is a multiple of this number is stored in full */
  constructor(interval: number) {
    this.#interval = interval;
  }

  get lastKey(): Uint8Array {
    return this.#lastKey;
  }

  /** The size of the finished block. */
  get length(): number {
    return this.#entries.length + 4 * (this.#restarts.length + 1);
  }

  add(key: Uint8Array, value: Uint8Array): void {
    const isFull = this.#count > 0 && this.#count % this.#interval === 0;
    if (isFull) this.#restarts.push(this.#entries.length);
    const shared = isFull ? 0 : sharedBytes(this.#lastKey, key);
    this.#entries.varint(shared);
    this.#entries.varint(key.length - shared);
    this.#entries.varint(value.length);
    this.#entries.bytes(key.subarray(shared));
    this.#entries.bytes(value);
    this.#lastKey = key;
    this.#count++;
  }

  finish(): Uint8Array {
    for (const offset of this.#restarts) this.#entries.uint32(offset);
    this.#entries.uint32(this.#restarts.length);
    return this.#entries.result();
  }
}

class ByteWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** Writes 7 bits per byte, the lowest first. All bytes but the last have their highest bit set. */
  varint(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    this.bytes(Uint8Array.from([...bytes, rest]));
  }

  uint32(value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.bytes(bytes);
  }

  uint64(value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.bytes(bytes);
  }

  result(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}

class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  #at = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw damaged(this.#file, 'an entry is cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const [byte = 0] = this.bytes(1);
      value += (byte % 128) * scale;
      if (!Number.isSafeInteger(value)) throw damaged(this.#file, 'a number is too large');
      if (byte < 128) return value;
    }
  }
}
