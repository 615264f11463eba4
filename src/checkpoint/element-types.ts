/** The element types of the safetensors format (safetensors/src/tensor.rs, `Dtype`). Checkpoints only use F32. */
import { type FloatFormat, floatFormats, floatOf } from '../tensor/small-floats.ts';

export interface ElementType {
  readonly bits: number;
  /** Reads a little-endian element as a number. It is missing for types whose elements are not single numbers or not whole
   * bytes. */
  readonly read?: (view: DataView, at: number) => number;
}

const small = (bits: 8 | 16, format: FloatFormat): ElementType => ({
  bits,
  read: (view, at) => floatOf(bits === 8 ? view.getUint8(at) : view.getUint16(at, true), format),
});

export const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['F64', { bits: 64, read: (view, at) => view.getFloat64(at, true) }],
  ['F32', { bits: 32, read: (view, at) => view.getFloat32(at, true) }],
  ['F16', small(16, floatFormats.float16)],
  ['BF16', small(16, floatFormats.bfloat16)],
  ['F8_E5M2', small(8, floatFormats.float8e5m2)],
  ['F8_E4M3', small(8, floatFormats.float8e4m3)],
  ['F8_E5M2FNUZ', { bits: 8 }],
  ['F8_E4M3FNUZ', { bits: 8 }],
  ['F8_E8M0', { bits: 8, read: (view, at) => exponentOnly(view.getUint8(at)) }],
  ['F6_E2M3', { bits: 6 }],
  ['F6_E3M2', { bits: 6 }],
  ['F4', { bits: 4 }],
  ['C64', { bits: 64 }],
  ['I64', { bits: 64, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  ['I32', { bits: 32, read: (view, at) => view.getInt32(at, true) }],
  ['I16', { bits: 16, read: (view, at) => view.getInt16(at, true) }],
  ['I8', { bits: 8, read: (view, at) => view.getInt8(at) }],
  ['U64', { bits: 64, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  ['U32', { bits: 32, read: (view, at) => view.getUint32(at, true) }],
  ['U16', { bits: 16, read: (view, at) => view.getUint16(at, true) }],
  ['U8', { bits: 8, read: (view, at) => view.getUint8(at) }],
  ['BOOL', { bits: 8, read: (view, at) => view.getUint8(at) }],
]);

function exponentOnly(byte: number): number {
  return byte === 0xff ? Number.NaN : 2 ** (byte - 127);
}

/** Returns the elements of a tensor as numbers, or undefined for a type without `read`. */
export function numbersIn(type: string, bytes: Uint8Array): Float64Array | undefined {
  const { bits = 8, read } = elementTypes.get(type) ?? {};
  if (read === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: bytes.length / (bits / 8) }, (_, at) => read(view, at * (bits / 8)));
}
