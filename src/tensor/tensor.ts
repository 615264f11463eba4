/**
 * Tensors in memory and the types of tensors in a graph.
 *
 * Letters of shapes, used everywhere: N images of a batch, C channels, H rows, W columns (always in the order
 * NCHW); filters are OIHW (output channels, input channels, rows, columns); dense weights are [in, out].
 */

import { type DataOf, type DType, dtypes } from './dtype.ts';

export type { DataOf, DType } from './dtype.ts';

/** Sizes of the axes, outermost first. The shape of a scalar is empty. */
export type Shape = readonly number[];

/** Element type and shape of a tensor. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor with its elements, row-major. */
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

/** A float32 tensor. A `Float32Array` is used without copying, other lists are copied.
 * @throws RangeError when the number of values does not match the shape */
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

/** A tensor of zeros. */
export function zeros({ dtype, shape }: TensorType): Tensor {
  return { dtype, shape, data: dtypes[dtype].allocate(sizeOf(shape)) } as Tensor;
}

/** A tensor that views the little-endian bytes of a buffer. */
export function tensorOver({ dtype, shape }: TensorType, buffer: ArrayBuffer): Tensor {
  return { dtype, shape, data: dtypes[dtype].over(buffer) } as Tensor;
}

/** The bytes of a tensor's elements, without copying. Little-endian: the engines only support little-endian machines. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A string that is equal for two tensors if and only if their types, shapes and bytes are. */
export function contentKey(tensor: Tensor): string {
  // latin1 (windows-1252) maps each byte to a different character (WHATWG Encoding, index windows-1252).
  return `${describeType(tensor)}:${new TextDecoder('latin1').decode(bytesOf(tensor))}`;
}

/** The elements of a float32 tensor.
 * @throws TypeError when it has another dtype */
export function float32Data(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32')
    throw new TypeError(`expected a float32 tensor, found ${describeType(tensor)}`);
  return tensor.data;
}
