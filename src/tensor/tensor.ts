/**
 * Tensors in memory, and the types of tensors in a graph.
 *
 * Shapes are written with the same letters everywhere: N images of a batch, C channels, H rows, W columns, always in the
 * order NCHW. Filters are OIHW (output channels, input channels, rows, columns), dense weights are [in, out].
 */

import { type DataOf, type DType, dtypes } from './dtype.ts';

export type { DataOf, DType } from './dtype.ts';

/** The sizes of the axes, outermost first. A scalar has an empty shape. */
export type Shape = readonly number[];

/** The element type and the shape of a tensor. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor with its elements in row-major order. */
export type Tensor = {
  [D in DType]: { readonly dtype: D; readonly shape: Shape; readonly data: DataOf[D] };
}[DType];

/** A tensor of float32 numbers. */
export type Float32Tensor = Extract<Tensor, { dtype: 'float32' }>;
/** A tensor of float16 numbers, as their bits. */
export type Float16Tensor = Extract<Tensor, { dtype: 'float16' }>;

/** Returns the number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Returns the type as text, such as `float32 [128, 3, 24, 24]`. */
export function describeType({ dtype, shape }: TensorType): string {
  return `${dtype} [${shape.join(', ')}]`;
}

/** Makes a float32 tensor. A `Float32Array` is used without copying; other lists are copied.
 * @throws RangeError when the number of values does not fit the shape */
export function float32(shape: Shape, values: Float32Array | readonly number[]): Float32Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`shape [${shape.join(', ')}] needs ${sizeOf(shape)} values, found ${values.length}`);
  }
  return {
    dtype: 'float32',
    shape,
    data: values instanceof Float32Array ? values : Float32Array.from(values),
  };
}

export function scalar(value: number): Float32Tensor {
  return float32([], [value]);
}

/** Returns a tensor of zeros. */
export function zeros({ dtype, shape }: TensorType): Tensor {
  return { dtype, shape, data: dtypes[dtype].allocate(sizeOf(shape)) } as Tensor;
}

/** Makes a tensor that is a view of the little-endian bytes of a buffer. */
export function tensorOver({ dtype, shape }: TensorType, buffer: ArrayBuffer): Tensor {
  return { dtype, shape, data: dtypes[dtype].over(buffer) } as Tensor;
}

/** Returns the bytes of a tensor's elements, without copying. They are little-endian, because the engines only support
 * little-endian machines. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Returns a string that is equal for two tensors if and only if their types, shapes and bytes are equal. */
export function contentKey(tensor: Tensor): string {
  // latin1 (windows-1252) maps each byte to a different character (WHATWG Encoding, index windows-1252).
  return `${describeType(tensor)}:${new TextDecoder('latin1').decode(bytesOf(tensor))}`;
}

/** Returns the elements of a float32 tensor.
 * @throws TypeError when the tensor has another dtype */
export function float32Data(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32')
    throw new TypeError(`expected a float32 tensor, found ${describeType(tensor)}`);
  return tensor.data;
}

/** Returns a copy of `count` rows of a tensor, from row `first`. Rows are counted along the first axis. */
export function rowsOf(tensor: Tensor, first: number, count: number): Tensor {
  const { dtype, shape } = tensor;
  const [rows = 1, ...rest] = shape;
  const bytes = bytesOf(tensor);
  const bytesPerRow = bytes.length / rows;
  const copy = bytes.slice(first * bytesPerRow, (first + count) * bytesPerRow);
  return tensorOver({ dtype, shape: [count, ...rest] }, copy.buffer);
}
