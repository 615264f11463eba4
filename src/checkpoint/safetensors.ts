/**
 * The safetensors format (huggingface/safetensors, README "Format"): named tensors with metadata.
 *
 *     offset  bytes  what
 *     0       8      N, the length of the header: unsigned, little-endian, at most 100,000,000
 *     8       N      the header, a JSON object in UTF-8, padded with spaces so that 8 + N is a multiple of 8
 *     8 + N   rest   the payload: elements row-major, little-endian, tensors without gaps
 *
 *     header = { "__metadata__": { "seed": "0", … },                       optional, strings only
 *                "conv1/weights": { "dtype": "F32", "shape": [64, 3, 5, 5], "data_offsets": [0, 19200] }, … }
 *
 * `data_offsets` are the offset of the first byte and that of the byte after the last, relative to the start of the payload.
 * The tensors fill the payload without gaps, overlaps or trailing bytes.
 */
import { RunError } from '../errors.ts';
import { dtypeNames, dtypes } from '../tensor/dtype.ts';
import { bytesOf, type DType, describeType, sizeOf, type Tensor, tensorOver } from '../tensor/tensor.ts';
import { quoted } from '../wording.ts';
import { metadataKey, parseHeader, type SafetensorsHeader, type TensorEntry } from './safetensors-header.ts';

export interface SafetensorsFile {
  /** The tensors by name, in the order of the payload. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const lengthBytes = 8;
const alignment = 8;
const maximumHeaderBytes = 100_000_000;

/** Encodes a safetensors file. Tensors with wide elements come first, so that every tensor is aligned.
 * @throws RangeError for a tensor that is named `__metadata__`, or whose number of elements does not fit its shape */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const placed = placeTensors(tensors);
  const header = headerBytes(placed, metadata);
  const payloadStart = lengthBytes + header.length;
  const bytes = new Uint8Array(payloadStart + (placed.at(-1)?.end ?? 0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, lengthBytes);
  for (const { tensor, begin } of placed) bytes.set(bytesOf(tensor), payloadStart + begin);
  return bytes;
}

/** Decodes a safetensors file. The tensors are copies.
 * @param file the name of the file, for messages
 * @throws RunError with the file and what is wrong with it */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const payloadStart = lengthBytes + headerLength(bytes, file);
  const payload = bytes.subarray(payloadStart);
  const { entries, metadata } = parseHeader(bytes.subarray(lengthBytes, payloadStart), payload.length, file);
  const tensors = new Map(entries.map((entry) => [entry.name, readTensor(payload, entry, file)]));
  return { tensors, metadata };
}

/** Reads only the header of a file. The result also contains the offset at which the payload starts.
 * @param read returns `length` bytes of the file from a position, or fewer at the end of the file
 * @throws RunError with the file and what is wrong with it */
export async function readSafetensorsHeader(
  read: (position: number, length: number) => Promise<Uint8Array>,
  fileBytes: number,
  file: string,
): Promise<SafetensorsHeader & { readonly payloadStart: number }> {
  const length = headerLength(await read(0, lengthBytes), file, fileBytes);
  const header = await read(lengthBytes, length);
  const payloadStart = lengthBytes + length;
  return { ...parseHeader(header, fileBytes - payloadStart, file), payloadStart };
}

interface PlacedTensor extends TensorEntry {
  readonly tensor: Tensor;
}

function placeTensors(tensors: ReadonlyMap<string, Tensor>): PlacedTensor[] {
  const wideFirst = [...tensors].sort(
    ([, a], [, b]) => dtypes[b.dtype].bytesPerElement - dtypes[a.dtype].bytesPerElement,
  );
  let end = 0;
  return wideFirst.map(([name, tensor]) => {
    requireEncodable(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    return { name, tensor, type: dtypes[tensor.dtype].safetensors, shape: tensor.shape, begin, end };
  });
}

function requireEncodable(name: string, tensor: Tensor): void {
  if (name === metadataKey) throw new RangeError(`no tensor can be named ${metadataKey}`);
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new RangeError(
      `tensor "${name}" is ${describeType(tensor)}, so it needs ${sizeOf(tensor.shape)} values, found ${tensor.data.length}`,
    );
  }
}

function headerBytes(
  placed: readonly PlacedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = placed.map(({ name, type, shape, begin, end }) => [
    name,
    { dtype: type, shape, data_offsets: [begin, end] },
  ]);
  // Object.fromEntries keeps a key "__proto__", which an assignment would drop.
  const json = JSON.stringify(Object.fromEntries([[metadataKey, metadata], ...entries]));
  const text = new TextEncoder().encode(json);
  const padded = new Uint8Array(Math.ceil(text.length / alignment) * alignment).fill(0x20);
  padded.set(text);
  return padded;
}

/** @param bytes at least the first 8 bytes of the file */
function headerLength(bytes: Uint8Array, file: string, fileBytes: number = bytes.length): number {
  if (bytes.length < lengthBytes) {
    throw new RunError(
      `${file}: too short for a safetensors file: found ${bytes.length} bytes, expected at least ${lengthBytes}`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > maximumHeaderBytes) {
    throw new RunError(
      `${file}: the header is too long: found ${length} bytes, expected at most ${maximumHeaderBytes}; the file is \
damaged or not safetensors`,
    );
  }
  if (lengthBytes + Number(length) > fileBytes) {
    throw new RunError(
      `${file}: the header is incomplete: expected ${length} bytes, found ${fileBytes - lengthBytes}; the file was cut short`,
    );
  }
  return Number(length);
}

function readTensor(
  payload: Uint8Array,
  { name, type, shape, begin, end }: TensorEntry,
  file: string,
): Tensor {
  const dtype = dtypeOf(type);
  if (dtype === undefined) {
    const known = dtypeNames.map((each) => dtypes[each].safetensors).join(', ');
    throw new RunError(
      `${file}: tensor ${quoted(name)}: unsupported dtype: found ${type}, expected one of ${known}`,
    );
  }
  const copy = new Uint8Array(payload.subarray(begin, end));
  if (dtype === 'bool' && copy.some((byte) => byte > 1)) {
    throw new RunError(
      `${file}: tensor ${quoted(name)}: BOOL bytes must be 0 or 1, found ${copy.find((byte) => byte > 1)}`,
    );
  }
  return tensorOver({ dtype, shape }, copy.buffer);
}

function dtypeOf(type: string): DType | undefined {
  return dtypeNames.find((dtype) => dtypes[dtype].safetensors === type);
}
