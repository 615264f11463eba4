/** Reads a safetensors file that the server has checked: the length of the header as uint64, the header as JSON, and the values. */

export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Returns the float32 tensors of a file, in the order of its header.
 * @throws RangeError if the file is not a safetensors file */
export function readTensorFile(buffer: ArrayBuffer): readonly StoredTensor[] {
  const tooShort = () => new RangeError(`${buffer.byteLength} bytes are not a whole safetensors file`);
  if (buffer.byteLength < 8) throw tooShort();
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (length > buffer.byteLength - 8) throw tooShort();
  const header: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const payload = 8 + length;
  return Object.entries(header ?? {}).flatMap(([name, entry]) => {
    if (!isEntry(entry)) return [];
    const [begin, end] = entry.data_offsets;
    if (end > buffer.byteLength - payload || begin > end) throw tooShort();
    const bytes = buffer.slice(payload + begin, payload + end);
    return [{ name, shape: entry.shape, values: littleEndian(bytes) }];
  });
}

interface Entry {
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function isEntry(value: unknown): value is Entry {
  const entry = (value ?? {}) as { readonly dtype?: unknown; readonly [key: string]: unknown };
  return entry.dtype === 'F32' && Array.isArray(entry['shape']) && Array.isArray(entry['data_offsets']);
}

/** All machines that run browsers are little-endian, but the format says it, so this does not depend on it. */
function littleEndian(bytes: ArrayBuffer): Float32Array {
  const view = new DataView(bytes);
  return Float32Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, at) =>
    view.getFloat32(4 * at, true),
  );
}
