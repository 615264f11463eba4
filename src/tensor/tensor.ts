/**
 * Tensors in memory and the types of tensors in a graph.
 *
 * Legend of shapes, used everywhere: N images of a batch, C channels, H rows, W columns (always in the order
 * NCHW); filters are OIHW (output channels, input channels, rows, columns); dense weights are [in, out].
 */

/** Sizes of the axes, outermost first. A scalar has none. */
export type Shape = readonly number[];

export type DType = 'float32' | 'int32' | 'int64' | 'bool';

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The memory of each element type. Booleans are bytes, 0 or 1. */
export interface DataOf {
  readonly float32: Float32Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
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

/** The values of a tensor that must be float32.
 * @throws TypeError naming the dtype found. */
export function float32Data(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32')
    throw new TypeError(`expected a float32 tensor, found ${describeType(tensor)}`);
  return tensor.data;
}
