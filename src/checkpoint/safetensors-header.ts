/**
 * Parses the header of a safetensors file strictly: it refuses anything that two readers could interpret differently. The
 * format is described in safetensors.ts.
 */
import { messageOf, RunError } from '../errors.ts';
import { endOfString, parseJson } from '../readers.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { oneLine, quoted, shortened } from '../wording.ts';
import { elementTypes } from './element-types.ts';

/** Where a tensor is: bytes `begin` to `end` (exclusive) of the payload. */
export interface TensorEntry {
  readonly name: string;
  /** The name that the format gives to the element type, such as `F32`. */
  readonly type: string;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** The tensors in the order of the payload. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const metadataKey = '__metadata__';

/** Parses the header of a file whose payload has `payloadBytes` bytes.
 * @throws RunError with the file and what is wrong with it */
export function parseHeader(header: Uint8Array, payloadBytes: number, file: string): SafetensorsHeader {
  const { [metadataKey]: metadata = {}, ...tensors } = parseObject(header, file);
  const entries = Object.entries(tensors).map(([name, entry]) => parseEntry(name, entry, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireContiguous(entries, payloadBytes, file);
  return { entries, metadata: parseMetadata(metadata, file) };
}

function parseObject(header: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    value = parseJson(text);
  } catch (error) {
    throw new RunError(
      `${file}: the header is not JSON in UTF-8 (${oneLine(messageOf(error))}); the file is damaged`,
      { cause: error },
    );
  }
  if (!isObject(value) || !text.startsWith('{')) {
    throw new RunError(`${file}: the header is not a JSON object starting with "{"; the file is damaged`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined)
    throw new RunError(`${file}: the header contains the key ${quoted(duplicate)} twice`);
  return value;
}

/**
 * Returns the first key that occurs twice in one object of a JSON text, if any does. The text must be valid JSON. JSON.parse
 * silently keeps the last of two equal keys, so two readers of one file could see different tensors under the same name.
 * This does not use a regular expression, because a string of several megabytes would overflow its stack.
 */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let text = '';
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') open.push(new Set());
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      text = json.slice(at, end + 1);
      at = end;
    } else if (character === ':') {
      // The decoded keys are compared: "a" and "\u0061" are the same key.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

function parseEntry(name: string, entry: unknown, file: string): TensorEntry {
  const where = `${file}: tensor ${quoted(name)}`;
  if (!isObject(entry)) throw new RunError(`${where}: expected an object, found ${quoted(entry)}`);
  const { dtype: type, shape, data_offsets: offsets } = entry;
  const bits = typeof type === 'string' ? elementTypes.get(type)?.bits : undefined;
  if (typeof type !== 'string' || bits === undefined) {
    const known = [...elementTypes.keys()].join(', ');
    throw new RunError(`${where}: unknown dtype: found ${quoted(type)}, expected one of ${known}`);
  }
  if (!isSizes(shape)) {
    throw new RunError(`${where}: shape: expected a list of whole numbers, found ${quoted(shape)}`);
  }
  const [begin, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || end < begin) {
    throw new RunError(`${where}: data_offsets: expected [begin, end], found ${quoted(offsets)}`);
  }
  const bytes = (sizeOf(shape) * bits) / 8;
  if (bytes !== end - begin) {
    throw new RunError(`${where}: ${type} [${shortened(shape.slice(0, 80).join(', '))}] takes ${bytes} bytes, but data_offsets \
[${begin}, ${end}] have ${end - begin}`);
  }
  return { name, type, shape, begin, end };
}

/** Refuses tensors that overlap, and gaps between tensors, because data could be hidden in a gap. */
function requireContiguous(entries: readonly TensorEntry[], payloadBytes: number, file: string): void {
  let filled = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== filled) {
      const what = begin > filled ? 'leaving a gap after byte' : 'overlapping the tensor that ends at byte';
      throw new RunError(
        `${file}: tensor ${quoted(name)} begins at byte ${begin} of the payload, ${what} ${filled}`,
      );
    }
    filled = end;
  }
  if (filled > payloadBytes) {
    throw new RunError(
      `${file}: the payload has ${payloadBytes} bytes, but its tensors need ${filled}; the file was cut short`,
    );
  }
  if (filled < payloadBytes) {
    throw new RunError(`${file}: ${payloadBytes - filled} bytes follow the last tensor; the file is damaged`);
  }
}

function parseMetadata(metadata: unknown, file: string): Record<string, string> {
  if (!isObject(metadata)) {
    throw new RunError(`${file}: ${metadataKey}: expected an object of strings, found ${quoted(metadata)}`);
  }
  const strings = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value === 'string') return [key, value];
    throw new RunError(`${file}: ${metadataKey} ${quoted(key)}: expected a string, found ${quoted(value)}`);
  });
  return Object.fromEntries(strings);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
