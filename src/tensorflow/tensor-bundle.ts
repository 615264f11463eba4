/**
 * TensorFlow's checkpoints of version 2, called tensor bundles (tensorflow/core/util/tensor_bundle):
 *
 *     PREFIX.data-00000-of-00001   the bytes of all tensors, in the order of their names, without gaps
 *     PREFIX.index                 a sorted table: '' → BundleHeaderProto, the name of each tensor → BundleEntryProto
 *
 * Elements are row-major and little-endian. Bundles of several data files and partitioned tensors are not supported.
 */
import { maskedCrc32c } from '../crc32c.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, RunError } from '../errors.ts';
import { type DType, dtypes } from '../tensor/dtype.ts';
import { bytesOf, sizeOf, type Tensor, tensorOver } from '../tensor/tensor.ts';
import { oneLine, quoted } from '../wording.ts';
import { BundleEntry, BundleHeader } from './schema.ts';
import { compareBytes, decodeTable, encodeTable, type TableEntry } from './sorted-table.ts';

/** The number of each element type in TensorFlow's `types.proto`. */
const typeNumbers: Readonly<Record<DType, number>> = {
  float32: 1,
  float16: 19,
  int32: 3,
  int64: 9,
  bool: 10,
  uint8: 4,
};

/** The size of the largest file that Node.js can read at once. */
const maximumBytes = 2 ** 31 - 1;

export interface TensorBundle {
  /** The tensors by name, in the order of the bytes of the names. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The names of the entries that this program cannot represent, such as strings. */
  readonly unread: readonly string[];
}

/** The files of a bundle. */
export interface BundleFiles {
  readonly index: Uint8Array;
  readonly data: Uint8Array;
}

/** Returns the path of the index, which identifies a bundle. */
export function bundleIndexPath(prefix: string): string {
  return `${prefix}.index`;
}

export function bundleDataPath(prefix: string): string {
  return `${prefix}.data-00000-of-00001`;
}

/** Encodes a bundle. The bytes are those that TensorFlow writes for the same tensors. */
export function encodeBundle(tensors: ReadonlyMap<string, Tensor>): BundleFiles {
  const encoder = new TextEncoder();
  const sorted = [...tensors]
    .map(([name, tensor]) => ({ key: encoder.encode(name), tensor }))
    .sort((a, b) => compareBytes(a.key, b.key));
  const data = new Uint8Array(sorted.reduce((sum, { tensor }) => sum + tensor.data.byteLength, 0));
  let offset = 0;
  const entries = sorted.map(({ key, tensor }): TableEntry => {
    const bytes = bytesOf(tensor);
    data.set(bytes, offset);
    const entry = {
      dtype: typeNumbers[tensor.dtype],
      shape: { dim: tensor.shape.map((size) => ({ size })) },
      // Fields with the value 0 are omitted.
      ...(offset > 0 && { offset }),
      ...(bytes.length > 0 && { size: bytes.length }),
      crc32c: maskedCrc32c(bytes),
    };
    offset += bytes.length;
    return { key, value: BundleEntry.encode(entry).finish() };
  });
  const header = BundleHeader.encode({ num_shards: 1, version: { producer: 1 } }).finish();
  return { index: encodeTable([{ key: new Uint8Array(), value: header }, ...entries]), data };
}

/** Writes the two files of a bundle, the index last, because a bundle without it does not exist.
 * @throws RunError when a file cannot be written */
export async function writeBundle(prefix: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  const { index, data } = encodeBundle(tensors);
  await writeAside(bundleDataPath(prefix), data);
  await writeAside(bundleIndexPath(prefix), index);
}

/** Reads a bundle and verifies all of it.
 * @throws RunError with the file and what is wrong with it */
export async function readBundle(prefix: string): Promise<TensorBundle> {
  const [index, data] = [bundleIndexPath(prefix), bundleDataPath(prefix)];
  const files = { index: await bytesIn(index), data: await bytesIn(data) };
  return decodeBundle(files, { index: oneLine(index), data: oneLine(data) });
}

/** @param paths the names of the files, for messages
 * @throws RunError with the file and what is wrong with it */
export function decodeBundle(
  { index, data }: BundleFiles,
  paths: Readonly<Record<keyof BundleFiles, string>>,
): TensorBundle {
  const [header, ...entries] = decodeTable(index, paths.index);
  if (header === undefined || header.key.length > 0)
    throw new RunError(`${paths.index}: the file is damaged: the entry with the header is missing`);
  requireOneFile(header.value, paths.index);
  const tensors = new Map<string, Tensor>();
  const unread: string[] = [];
  for (const { key, value } of entries) {
    const name = new TextDecoder().decode(key);
    const tensor = tensorOf(name, value, data, paths);
    if (tensor === undefined) unread.push(name);
    else tensors.set(name, tensor);
  }
  return { tensors, unread };
}

async function bytesIn(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, { maximumBytes });
  } catch (error) {
    throw new RunError(`cannot read ${oneLine(path)}: ${oneLine(messageOf(error))}`, { cause: error });
  }
}

/** The messages as protobufjs returns them, with the default values of fields that are missing. */
interface HeaderFields {
  readonly num_shards: number;
  readonly endianness: number;
}
interface EntryFields {
  readonly dtype: number;
  readonly shape: { readonly dim: readonly { readonly size: number }[] };
  readonly shard_id: number;
  readonly offset: number;
  readonly size: number;
  readonly crc32c: number;
  readonly slices: readonly unknown[];
}

const defaults = { defaults: true, arrays: true, longs: Number } as const;

function requireOneFile(bytes: Uint8Array, path: string): void {
  const { num_shards, endianness } = BundleHeader.toObject(
    decoded(BundleHeader, bytes, path),
    defaults,
  ) as HeaderFields;
  if (num_shards !== 1)
    throw new RunError(`${path}: the bundle has ${num_shards} data files, only bundles of one are supported`);
  if (endianness !== 0) throw new RunError(`${path}: the bundle is big-endian, which is not supported`);
}

function decoded(
  type: typeof BundleEntry,
  bytes: Uint8Array,
  path: string,
): ReturnType<typeof BundleEntry.decode> {
  try {
    return type.decode(bytes);
  } catch (error) {
    throw new RunError(`${path}: the file is damaged: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns undefined for an element type that this program does not have. */
function tensorOf(
  name: string,
  entry: Uint8Array,
  data: Uint8Array,
  paths: Readonly<Record<keyof BundleFiles, string>>,
): Tensor | undefined {
  const fields = BundleEntry.toObject(decoded(BundleEntry, entry, paths.index), defaults) as EntryFields;
  const dtype = (Object.keys(typeNumbers) as DType[]).find((one) => typeNumbers[one] === fields.dtype);
  if (dtype === undefined || fields.slices.length > 0) return undefined;
  const shape = fields.shape.dim.map(({ size }) => size);
  const { offset, size } = fields;
  const expected = sizeOf(shape) * dtypes[dtype].bytesPerElement;
  const wrong = (what: string) =>
    new RunError(
      `${paths.data}: tensor ${quoted(name)}: ${what}; the file is damaged or from another bundle`,
    );
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    throw wrong(`its shape is [${shape.join(', ')}]`);
  if (fields.shard_id !== 0 || size !== expected || offset + size > data.length)
    throw wrong(
      `expected ${expected} bytes at ${offset}, found ${Math.max(0, Math.min(size, data.length - offset))}`,
    );
  const bytes = Uint8Array.from(data.subarray(offset, offset + size));
  if (maskedCrc32c(bytes) !== fields.crc32c) throw wrong('the checksum is wrong');
  return tensorOver({ dtype, shape }, bytes.buffer);
}
