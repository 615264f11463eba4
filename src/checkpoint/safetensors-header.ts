/**
 * The header of a safetensors file, read strictly: whatever two readers could understand in two ways is refused.
 * The file around it is drawn in safetensors.ts.
 */
import { messageOf, RunError } from '../errors.ts';
import { dtypeNames, dtypes } from '../tensor/dtype.ts';
import { type DType, type Shape, sizeOf } from '../tensor/tensor.ts';
import { duplicateKey } from './duplicate-keys.ts';

/** Where a tensor lies: bytes `begin` to `end` (exclusive) of the payload. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the payload. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const metadataKey = '__metadata__';

/** Reads the header of a file whose payload has that many bytes.
 * @throws RunError naming the file and what is wrong. */
export function parseHeader(header: Uint8Array, payloadBytes: number, file: string): SafetensorsHeader {
  const { [metadataKey]: metadata = {}, ...tensors } = parseJson(header, file);
  const entries = Object.entries(tensors).map(([name, entry]) => parseEntry(name, entry, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireNoHoles(entries, payloadBytes, file);
  return { entries, metadata: parseMetadata(metadata, file) };
}

function parseJson(header: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    value = JSON.parse(text);
  } catch (error) {
    throw new RunError(`${file}: the header is not JSON in UTF-8 (${messageOf(error)}); the file is damaged`);
  }
  if (!isObject(value) || !text.startsWith('{')) {
    throw new RunError(`${file}: the header is not a JSON object that begins with "{"; the file is damaged`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw new RunError(`${file}: the header has the key "${duplicate}" twice`);
  return value;
}

function parseEntry(name: string, entry: unknown, file: string): TensorEntry {
  const where = `${file}: tensor "${name}"`;
  if (!isObject(entry)) throw new RunError(`${where}: expected an object, found ${JSON.stringify(entry)}`);
  const { dtype: code, shape, data_offsets: offsets } = entry;
  const dtype = dtypeNames.find((known) => dtypes[known].safetensors === code);
  if (dtype === undefined) {
    const known = dtypeNames.map((type) => dtypes[type].safetensors).join(', ');
    throw new RunError(`${where}: dtype ${JSON.stringify(code)} is not supported, only ${known}`);
  }
  if (!isSizes(shape)) {
    throw new RunError(`${where}: shape ${JSON.stringify(shape)} is not a list of whole numbers`);
  }
  const [begin, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || end < begin) {
    throw new RunError(`${where}: data_offsets ${JSON.stringify(offsets)} are not [begin, end]`);
  }
  const bytes = sizeOf(shape) * dtypes[dtype].bytesPerElement;
  if (bytes !== end - begin) {
    throw new RunError(`${where}: ${code} [${shape.join(', ')}] takes ${bytes} bytes, data_offsets \
[${begin}, ${end}] hold ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** A byte that belongs to no tensor could hide anything, and one that belongs to two is a mistake. */
function requireNoHoles(entries: readonly TensorEntry[], payloadBytes: number, file: string): void {
  let filled = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== filled) {
      const what = begin > filled ? 'leaving a hole after' : 'overlapping the tensor that ends at';
      throw new RunError(
        `${file}: tensor "${name}" begins at byte ${begin} of the payload, ${what} ${filled}`,
      );
    }
    filled = end;
  }
  if (filled > payloadBytes) {
    throw new RunError(
      `${file}: the payload has ${payloadBytes} bytes, its tensors need ${filled}; the file was cut short`,
    );
  }
  if (filled < payloadBytes) {
    throw new RunError(`${file}: ${payloadBytes - filled} bytes follow the last tensor; the file is damaged`);
  }
}

function parseMetadata(metadata: unknown, file: string): Record<string, string> {
  if (!isObject(metadata)) {
    throw new RunError(
      `${file}: ${metadataKey} is ${JSON.stringify(metadata)}, expected an object of strings`,
    );
  }
  const strings = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value === 'string') return [key, value];
    throw new RunError(`${file}: ${metadataKey} "${key}" is ${JSON.stringify(value)}, expected a string`);
  });
  return Object.fromEntries(strings);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
