/**
 * The header of a safetensors file, parsed strictly: refuses anything that readers could interpret differently. safetensors.ts
 * describes the format.
 */
import { messageOf, RunError } from '../errors.ts';
import { endOfString, parseJson } from '../readers.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { oneLine, quoted, shortened } from '../wording.ts';
import { elementTypes } from './element-types.ts';

/** The location of a tensor: bytes `begin` to `end` (exclusive) of the payload. */
export interface TensorEntry {
  readonly name: string;
  /** The format's name of the element type, such as `F32`. */
  readonly type: string;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In payload order. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const metadataKey = '__metadata__';

/** Parses the header of a file with a payload of `payloadBytes` bytes.
 * @throws RunError naming the file and the fault */
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
    throw new RunError(`${file}: the header has the key ${quoted(duplicate)} twice`);
  return value;
}

/**
 * The first key that occurs twice in one object of a JSON text, or undefined. The text must be valid JSON. JSON.parse silently
 * keeps the last of two equal keys, so two readers of one file could see different tensors under the same name. (Does not use
 * a regular expression, because a string of several megabytes would overflow its stack.)
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
      // Compare decoded keys: "a" and "\u0061" are the same.
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
    throw new RunError(`${where}: dtype ${quoted(type)} is unknown; known types are ${known}`);
  }
  if (!isSizes(shape)) {
    throw new RunError(`${where}: shape ${quoted(shape)} is not a list of whole numbers`);
  }
  const [begin, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || end < begin) {
    throw new RunError(`${where}: data_offsets ${quoted(offsets)} are not [begin, end]`);
  }
  const bytes = (sizeOf(shape) * bits) / 8;
  if (bytes !== end - begin) {
    throw new RunError(`${where}: ${type} [${shortened(shape.slice(0, 80).join(', '))}] takes ${bytes} bytes, data_offsets \
[${begin}, ${end}] hold ${end - begin}`);
  }
  return { name, type, shape, begin, end };
}

/** Refuses gaps, which could hide data, and overlaps. */
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
      `${file}: the payload has ${payloadBytes} bytes, its tensors need ${filled}; the file was cut short`,
    );
  }
  if (filled < payloadBytes) {
    throw new RunError(`${file}: ${payloadBytes - filled} bytes follow the last tensor; the file is damaged`);
  }
}

function parseMetadata(metadata: unknown, file: string): Record<string, string> {
  if (!isObject(metadata)) {
    throw new RunError(`${file}: ${metadataKey} is ${quoted(metadata)}, expected an object of strings`);
  }
  const strings = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value === 'string') return [key, value];
    throw new RunError(`${file}: ${metadataKey} ${quoted(key)} is ${quoted(value)}, expected a string`);
  });
  return Object.fromEntries(strings);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
