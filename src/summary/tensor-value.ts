/**
 * Reads numbers from TensorFlow's TensorProto. TensorFlow 2 and PyTorch (`new_style`) write scalars, histograms and images
 * as tensors:
 *
 *     plugin        tensor
 *     scalars       rank 0, any number type
 *     histograms    [buckets, 3]: left edge, right edge, count
 *     images        strings: width, height, then one encoded image each
 */
import { type FloatFormat, floatFormats, floatOf } from '../tensor/small-floats.ts';
import type { EncodedImage } from './event.ts';
import type { Histogram } from './histogram.ts';

/** The message as protobufjs returns it. Fields that were not written are missing. */
export interface TensorFields {
  readonly dtype?: number;
  readonly tensor_shape?: { readonly dim?: readonly { readonly size?: number }[] };
  readonly tensor_content?: Uint8Array;
  readonly float_val?: readonly number[];
  readonly double_val?: readonly number[];
  readonly int_val?: readonly number[];
  readonly string_val?: readonly Uint8Array[];
  readonly int64_val?: readonly number[];
  readonly bool_val?: readonly boolean[];
  readonly half_val?: readonly number[];
  readonly uint32_val?: readonly number[];
  readonly uint64_val?: readonly number[];
  readonly float8_val?: Uint8Array;
}

interface NumberType {
  readonly bytes: number;
  /** Reads an element of `tensor_content`, which is little-endian. */
  readonly read: (view: DataView, at: number) => number;
  /** Reads the elements from the field that is specific to the type. */
  readonly values: (tensor: TensorFields) => readonly number[] | undefined;
}

const halves = (format: FloatFormat): NumberType => ({
  bytes: 2,
  read: (view, at) => floatOf(view.getUint16(at, true), format),
  values: ({ half_val }) => half_val?.map((bits) => floatOf(bits, format)),
});
const eighths = (format: FloatFormat): NumberType => ({
  bytes: 1,
  read: (view, at) => floatOf(view.getUint8(at), format),
  values: ({ float8_val }) => float8_val && Array.from(float8_val, (bits) => floatOf(bits, format)),
});
const integers = (bytes: number, read: NumberType['read']): NumberType => ({
  ...{ bytes, read },
  values: ({ int_val }) => int_val,
});

const int8 = integers(1, (view, at) => view.getInt8(at));
const uint8 = integers(1, (view, at) => view.getUint8(at));
const int16 = integers(2, (view, at) => view.getInt16(at, true));
const uint16 = integers(2, (view, at) => view.getUint16(at, true));
const int32 = integers(4, (view, at) => view.getInt32(at, true));

/** The number types, by their numbers in TensorFlow's DataType (types.proto). */
const numberTypes: ReadonlyMap<number, NumberType> = new Map<number, NumberType>([
  [1, { bytes: 4, read: (view, at) => view.getFloat32(at, true), values: ({ float_val }) => float_val }],
  [2, { bytes: 8, read: (view, at) => view.getFloat64(at, true), values: ({ double_val }) => double_val }],
  [3, int32],
  [4, uint8],
  [5, int16],
  [6, int8],
  [
    9,
    {
      bytes: 8,
      read: (view, at) => Number(view.getBigInt64(at, true)),
      values: ({ int64_val }) => int64_val,
    },
  ],
  [
    10,
    {
      bytes: 1,
      read: (view, at) => Number(view.getUint8(at) !== 0),
      values: ({ bool_val }) => bool_val?.map(Number),
    },
  ],
  [11, int8],
  [12, uint8],
  [13, int32],
  [14, halves(floatFormats.bfloat16)],
  [15, int16],
  [16, uint16],
  [17, uint16],
  [19, halves(floatFormats.float16)],
  [22, { bytes: 4, read: (view, at) => view.getUint32(at, true), values: ({ uint32_val }) => uint32_val }],
  [
    23,
    {
      bytes: 8,
      read: (view, at) => Number(view.getBigUint64(at, true)),
      values: ({ uint64_val }) => uint64_val,
    },
  ],
  [24, eighths(floatFormats.float8e5m2)],
  [25, eighths(floatFormats.float8e4m3)],
]);

/** Returns the number in a tensor with one element, or undefined for any other tensor. */
export function scalarOf(tensor: TensorFields): number | undefined {
  if (!shapeOf(tensor).every((size) => size === 1)) return undefined;
  return elementsOf(tensor, 1)?.[0];
}

/** Whether the tensor is a scalar, which has rank 0 and a numeric element type. */
export function isScalar(tensor: TensorFields): boolean {
  return shapeOf(tensor).length === 0 && numberTypes.has(tensor.dtype ?? 0);
}

/** Returns the histogram in a tensor [buckets, 3], or undefined for any other tensor. Such a tensor does not contain sums, so
 * they are estimated from the centers of the buckets. */
export function histogramIn(tensor: TensorFields): Histogram | undefined {
  const [buckets = -1, columns, ...more] = shapeOf(tensor);
  const rows = elementsOf(tensor, buckets * 3);
  if (columns !== 3 || more.length > 0 || rows === undefined) return undefined;
  const column = (offset: number) =>
    Float64Array.from({ length: buckets }, (_, at) => rows[at * 3 + offset] ?? 0);
  const [lefts, limits, counts] = [column(0), column(1), column(2)];
  const total = (of: (middle: number) => number) =>
    counts.reduce((sum, count, at) => sum + count * of(((lefts[at] ?? 0) + (limits[at] ?? 0)) / 2), 0);
  const [min, max] = [lefts[0] ?? 0, limits.at(-1) ?? 0];
  const [num, sum, sumSquares] = [total(() => 1), total((x) => x), total((x) => x * x)];
  return { min, max, num, sum, sumSquares, limits, counts };
}

/** Returns the first image in a tensor of strings, or undefined for any other tensor. */
export function imageIn({ string_val = [] }: TensorFields): EncodedImage | undefined {
  const [width, height, png] = string_val;
  if (width === undefined || height === undefined || png === undefined) return undefined;
  const size = (bytes: Uint8Array) => Number(new TextDecoder().decode(bytes.subarray(0, 20)));
  const [w, h] = [size(width), size(height)];
  return Number.isSafeInteger(w) && Number.isSafeInteger(h)
    ? { width: w, height: h, channels: 0, png }
    : undefined;
}

function shapeOf({ tensor_shape }: TensorFields): readonly number[] {
  return (tensor_shape?.dim ?? []).map(({ size = 0 }) => size);
}

/** Returns the elements of a tensor that should have `count` of them, or undefined if the tensor is not numeric or has another
 * number of elements. A typed field may omit trailing elements that equal the last one, or all elements if they are 0. */
function elementsOf(tensor: TensorFields, count: number): ArrayLike<number> | undefined {
  const type = numberTypes.get(tensor.dtype ?? 0);
  if (type === undefined || count < 0) return undefined;
  const { tensor_content: content } = tensor;
  if (content !== undefined && content.length > 0) {
    if (content.length !== count * type.bytes) return undefined;
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    return Float64Array.from({ length: count }, (_, at) => type.read(view, at * type.bytes));
  }
  const values = type.values(tensor) ?? [];
  if (values.length > count || count > mostImplied + values.length) return undefined;
  return Float64Array.from({ length: count }, (_, at) => values[at] ?? values.at(-1) ?? 0);
}

/** The maximum number of omitted elements to fill in, because a few bytes can claim a tensor of any size. */
const mostImplied = 1_000_000;
