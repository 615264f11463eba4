/** The element types. Each has one record, which says how formats and engines represent it. */

/** The typed array of each element type. Elements are in row-major order. Booleans are bytes with the value 0 or 1. A float16
 * number is stored as its 16 bits, because Node.js has no array of such numbers before version 24 (`tensor/float16.ts` converts
 * them). */
export interface DataOf {
  readonly float32: Float32Array<ArrayBufferLike>;
  readonly float16: Uint16Array<ArrayBufferLike>;
  readonly int32: Int32Array<ArrayBufferLike>;
  readonly int64: BigInt64Array<ArrayBufferLike>;
  readonly bool: Uint8Array<ArrayBufferLike>;
  readonly uint8: Uint8Array<ArrayBufferLike>;
}
/** The name of an element type. */
export type DType = keyof DataOf;

export interface DTypeRecord<Data> {
  /** Allocates an array of zeros. */
  readonly allocate: (length: number) => Data;
  /** Makes a view of the little-endian bytes of a buffer. */
  readonly over: (buffer: ArrayBuffer) => Data;
  readonly bytesPerElement: number;
  /** The type's number in TensorProto.DataType of the ONNX project's `onnx.proto`. */
  readonly onnx: number;
  /** The type's name in the safetensors format. */
  readonly safetensors: string;
  /** The type that oneDNN uses for the elements. It is undefined if the oneDNN engine does not support the element type. */
  readonly onednn: 'float32' | 'int32' | undefined;
}

export const dtypes: { readonly [D in DType]: DTypeRecord<DataOf[D]> } = {
  float32: {
    allocate: (length) => new Float32Array(length),
    over: (buffer) => new Float32Array(buffer),
    bytesPerElement: 4,
    onnx: 1,
    safetensors: 'F32',
    onednn: 'float32',
  },
  float16: {
    allocate: (length) => new Uint16Array(length),
    over: (buffer) => new Uint16Array(buffer),
    bytesPerElement: 2,
    onnx: 10,
    safetensors: 'F16',
    onednn: undefined,
  },
  int32: {
    allocate: (length) => new Int32Array(length),
    over: (buffer) => new Int32Array(buffer),
    bytesPerElement: 4,
    onnx: 6,
    safetensors: 'I32',
    onednn: 'int32',
  },
  int64: {
    allocate: (length) => new BigInt64Array(length),
    over: (buffer) => new BigInt64Array(buffer),
    bytesPerElement: 8,
    onnx: 7,
    safetensors: 'I64',
    onednn: undefined,
  },
  bool: {
    allocate: (length) => new Uint8Array(length),
    over: (buffer) => new Uint8Array(buffer),
    bytesPerElement: 1,
    onnx: 9,
    safetensors: 'BOOL',
    onednn: undefined,
  },
  uint8: {
    allocate: (length) => new Uint8Array(length),
    over: (buffer) => new Uint8Array(buffer),
    bytesPerElement: 1,
    onnx: 2,
    safetensors: 'U8',
    onednn: undefined,
  },
};

export const dtypeNames: readonly DType[] = Object.keys(dtypes) as readonly DType[];

/** The element types in which operators compute with fractions. */
export const floatTypes = ['float32', 'float16'] as const;
/** The name of a floating-point type. */
export type FloatType = (typeof floatTypes)[number];

export function isFloatType(dtype: DType): dtype is FloatType {
  return dtype === 'float32' || dtype === 'float16';
}
