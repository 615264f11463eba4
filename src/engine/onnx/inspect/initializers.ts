/** The sizes of the constants of an ONNX model, and whether the files of constants outside it ("external data") exist. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { counted, oneLine, quoted } from '../../../wording.ts';

/** TensorProto as decoded by protobufjs. Fields that are absent from the file are undefined. */
export interface InitializerFields {
  readonly dims?: readonly number[];
  readonly data_type?: number;
  readonly name?: string;
  readonly raw_data?: Uint8Array;
  readonly float_data?: readonly number[];
  readonly int32_data?: readonly number[];
  readonly string_data?: readonly Uint8Array[];
  readonly int64_data?: readonly number[];
  readonly double_data?: readonly number[];
  readonly uint64_data?: readonly number[];
  readonly external_data?: readonly { readonly key?: string; readonly value?: string }[];
  readonly data_location?: number;
}

export interface ExternalFile {
  /** The path, relative to the folder of the model. */
  readonly location: string;
  /** The number of bytes of the constants in this file. */
  readonly bytes: number;
  /** Why the constants cannot be read, or null if they can. */
  readonly problem: string | null;
}

/** The number of bits of an element, by the number of its type in TensorProto.DataType. Strings (8) have no fixed size. */
const elementBits: Readonly<Record<number, number>> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128 },
  ...{ 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};

/** The value of TensorProto.DataLocation for constants in another file. */
const external = 1;

/** Returns the number of bytes of the elements, whether they are in the model or in another file. */
export function bytesOfInitializer(tensor: InitializerFields): number {
  if (tensor.data_location === external) return externalPart(tensor).length;
  const { raw_data, float_data = [], int32_data = [], string_data = [], data_type = 0 } = tensor;
  const { int64_data = [], double_data = [], uint64_data = [] } = tensor;
  const bits = elementBits[data_type] ?? 8;
  // All types of at most 32 bits use int32_data. Elements of fewer than 8 bits are packed into bytes.
  return (
    (raw_data?.length ?? 0) +
    4 * float_data.length +
    Math.max(1, Math.min(32, bits) / 8) * int32_data.length +
    8 * (int64_data.length + double_data.length) +
    Math.min(8, bits / 8) * uint64_data.length +
    string_data.reduce((sum, { length }) => sum + length, 0)
  );
}

interface ExternalPart {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

function externalPart({ external_data = [], dims = [], data_type = 0 }: InitializerFields): ExternalPart {
  const value = (wanted: string) => external_data.find(({ key }) => key === wanted)?.value;
  const count = (text: string | undefined) =>
    text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const computed = Math.ceil((dims.reduce((size, dim) => size * dim, 1) * (elementBits[data_type] ?? 0)) / 8);
  return {
    location: value('location') ?? '',
    offset: count(value('offset')) ?? 0,
    length: count(value('length')) ?? Math.max(0, computed),
  };
}

/** Returns the external files that contain constants.
 * @param dir the folder of the model */
export async function externalFilesOf(
  tensors: readonly InitializerFields[],
  dir: string,
): Promise<readonly ExternalFile[]> {
  const files = new Map<string, { bytes: number; end: number }>();
  for (const tensor of tensors) {
    if (tensor.data_location !== external) continue;
    const { location, offset, length } = externalPart(tensor);
    const { bytes, end } = files.get(location) ?? { bytes: 0, end: 0 };
    files.set(location, { bytes: bytes + length, end: Math.max(end, offset + length) });
  }
  const checked = [...files].map(async ([location, { bytes, end }]) => ({
    ...{ location, bytes },
    problem: (await problemOf(location, end, dir)) ?? null,
  }));
  return Promise.all(checked);
}

async function problemOf(location: string, end: number, dir: string): Promise<string | undefined> {
  if (!isInside(location)) {
    return `the location ${quoted(location)} is not a relative path inside the folder of the model, so it is not read`;
  }
  const found = await stat(join(dir, location)).catch(() => undefined);
  const name = oneLine(location);
  if (found === undefined) return `${name} is missing. Copy it into the folder of the model`;
  if (!found.isFile()) return `${name} is not a regular file`;
  if (found.size >= end) return undefined;
  return `${name} is too short: found ${counted(found.size, 'byte')}, expected at least ${counted(end, 'byte')}. Copy it again`;
}

/** Whether a location is a relative path inside the folder of the model. Windows paths are recognized on every system, because
 * models are moved between systems. */
function isInside(location: string): boolean {
  if (location === '' || location.includes('\0') || isAbsolute(location) || /^([a-z]:|[\\/])/i.test(location))
    return false;
  return !normalize(location.replaceAll('\\', '/')).split(/[\\/]/).includes('..');
}
