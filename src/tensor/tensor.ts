/**
 * Tensors in memory and the types of tensors in a graph.
 *
 * Legend of shapes, used everywhere: N images of a batch, C channels, H rows, W columns (always in the order
 * NCHW); filters are OIHW (output channels, input channels, rows, columns); dense weights are [in, out].
 */

import { type DataOf, type DType, dtypes } from './dtype.ts';

export type { DataOf, DType } from './dtype.ts';

/** Sizes of the axes, outermost first. A scalar has none. */
export type Shape = readonly number[];

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor with its values, row-major. */
export type Tensor = {
  [D in DType]: { readonly dtype: D; readonly shape: Shape; readonly data: DataOf[D] };
}[DType];

export type Float32Tensor = Extract<Tensor, { dtype: 'float32' }>;

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `float32 [128, 3, 24, 24]`. */
export function describeType({ dtype, shape }: TensorType): string {
  return `${dtype} [${shape.join(', ')}]`;
}

/** A float32 tensor over the given values, which are copied unless they are a Float32Array already.
 * @throws RangeError when their number does not fit the shape. */
export function float32(shape: Shape, values: Float32Array | readonly number[]): Float32Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(
      `shape [${shape.join(', ')}] needs ${sizeOf(shape)} values, there are ${values.length}`,
    );
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

/** A tensor of zeros. */
export function zeros({ dtype, shape }: TensorType): Tensor {
  return { dtype, shape, data: dtypes[dtype].allocate(sizeOf(shape)) } as Tensor;
}

/** A tensor over the little-endian bytes of a buffer. */
export function tensorOver({ dtype, shape }: TensorType, buffer: ArrayBuffer): Tensor {
  return { dtype, shape, data: dtypes[dtype].over(buffer) } as Tensor;
}

/** The bytes of a tensor's elements as they are in memory: little-endian, for the engines run on such machines only. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A text that two tensors share exactly when type, shape and bytes are the same. */
export function contentKey(tensor: Tensor): string {
  // This decoding gives each byte a character of its own (WHATWG Encoding, index windows-1252).
  return `${describeType(tensor)}:${new TextDecoder('latin1').decode(bytesOf(tensor))}`;
}

/** The values of a tensor that must be float32.
 * @throws TypeError naming the dtype found. */
export function float32Data(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32')
    throw new TypeError(`expected a float32 tensor, found ${describeType(tensor)}`);
  return tensor.data;
}
