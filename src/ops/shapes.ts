/** Shape arithmetic that the rules of several operators share. */
import { GraphError } from '../errors.ts';
import type { LocalAttributes, Padding, RowsAndColumns } from '../graph/signature.ts';
import { isFloatType } from '../tensor/dtype.ts';
import { type DType, describeType, type Shape, type TensorType } from '../tensor/tensor.ts';
import type { Window } from './primitives.ts';

/** Returns a type with the dtype of another type and the given shape. */
export function like({ dtype }: TensorType, shape: Shape): TensorType {
  return { dtype, shape };
}

export function float32Type(shape: Shape): TensorType {
  return { dtype: 'float32', shape };
}

/** @throws GraphError such as `filter must be float32 [O, I, KH, KW], found …` unless the dtype and the number of axes match */
export function requireType(name: string, type: TensorType, dtype: DType, axes: string): void {
  const count = axes === '' ? 0 : axes.split(', ').length;
  if (type.dtype === dtype && type.shape.length === count) return;
  throw new GraphError(`${name} must be ${dtype} [${axes}], found ${describeType(type)}`);
}

/** @throws GraphError such as `x must be float32 or float16 [N, C, H, W], found …` unless the dtype and the number of axes match */
export function requireFloats(name: string, type: TensorType, axes: string): void {
  if (isFloatType(type.dtype) && type.shape.length === axes.split(', ').length) return;
  throw new GraphError(`${name} must be float32 or float16 [${axes}], found ${describeType(type)}`);
}

/** @throws GraphError unless the type is float32, of any shape */
export function requireFloat32(name: string, type: TensorType): void {
  if (type.dtype !== 'float32') throw new GraphError(`${name} must be float32, found ${describeType(type)}`);
}

/** @throws GraphError unless the type is float32 or float16, of any shape */
export function requireFloat(name: string, type: TensorType): void {
  if (!isFloatType(type.dtype))
    throw new GraphError(`${name} must be float32 or float16, found ${describeType(type)}`);
}

/** @throws GraphError unless both have the same element type; `what` names them, such as `x and filter` */
export function requireSameDtype(what: string, a: TensorType, b: TensorType): void {
  if (a.dtype === b.dtype) return;
  throw new GraphError(
    `${what} must have the same element type, found ${describeType(a)} and ${describeType(b)}`,
  );
}

/** @throws GraphError unless both sizes are equal; `what` names them, such as `the channels of x and of filter` */
export function requireEqual(what: string, a: number, b: number): void {
  if (a !== b) throw new GraphError(`${what} must be equal, found ${a} and ${b}`);
}

/** @throws GraphError unless both types are equal */
export function requireSame(what: string, a: TensorType, b: TensorType): void {
  if (describeType(a) === describeType(b)) return;
  throw new GraphError(`${what} must have the same type, found ${describeType(a)} and ${describeType(b)}`);
}

/** Returns the shape that two operands broadcast to, as in NumPy: shapes are aligned at the last axis, and axes of size 1 are
 * repeated.
 * @throws GraphError with both types */
export function broadcast(a: TensorType, b: TensorType): Shape {
  const axes = Math.max(a.shape.length, b.shape.length);
  const padded = (shape: Shape) => [...new Array<number>(axes - shape.length).fill(1), ...shape];
  const left = padded(a.shape);
  return padded(b.shape).map((size, axis) => {
    const other = left[axis] ?? 1;
    if ((size !== other && size !== 1 && other !== 1) || a.dtype !== b.dtype) {
      throw new GraphError(`${describeType(a)} and ${describeType(b)} do not broadcast`);
    }
    return size === 1 ? other : size;
  });
}

/** The geometry of a window that slides along one axis: the size of the output, and the number of cells added before and
 * after. */
export interface Sliding {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

/** The padding of one axis. */
type AxisPadding = 'SAME' | 'VALID' | Pick<Sliding, 'before' | 'after'>;

/** Slides a window of k cells along an axis of n cells with stride s. `SAME` uses TensorFlow's rule: the total padding is
 * max((⌈n/s⌉ - 1)·s + k - n, 0), and the smaller half comes first.
 * @throws GraphError when the window is larger than the padded axis */
function slideAlong(length: number, window: number, stride: number, padding: AxisPadding): Sliding {
  if (padding === 'SAME') {
    const size = Math.ceil(length / stride);
    const total = Math.max((size - 1) * stride + window - length, 0);
    return { size, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
  }
  const { before, after } = padding === 'VALID' ? { before: 0, after: 0 } : padding;
  const padded = before + length + after;
  if (window > padded) {
    const cells = padding === 'VALID' ? '' : `, padded to ${padded}`;
    throw new GraphError(`a window of ${window} is larger than its axis of ${length}${cells}`);
  }
  return { size: Math.floor((padded - window) / stride) + 1, before, after };
}

/** A window over images, with the number of positions along rows and columns. */
export interface SlidingWindow extends Window {
  readonly size: RowsAndColumns;
}

/** Whether outputs have the size of their inputs, because strides are 1 and the kernel is centered on every cell. */
export function keepsSize({ strides, kernel, before, after }: Window): boolean {
  return ([0, 1] as const).every((axis) => {
    const padding = (kernel[axis] - 1) / 2;
    return strides[axis] === 1 && before[axis] === padding && after[axis] === padding;
  });
}

/** Returns the kernel as a window that slides over images [N, C, H, W].
 * @throws GraphError when the kernel or the strides are not positive, the padding is invalid or negative, or the window is
 * larger than the padded image */
export function slide(
  images: Shape,
  kernel: RowsAndColumns,
  strides: RowsAndColumns,
  padding: Padding,
): SlidingWindow {
  requireCounts('the kernel', kernel, 1);
  requireCounts('strides', strides, 1);
  requirePadding(padding);
  const along = (axis: 0 | 1) => {
    const cells =
      typeof padding === 'string' ? padding : { before: padding.before[axis], after: padding.after[axis] };
    return slideAlong(images[axis + 2] ?? 1, kernel[axis], strides[axis], cells);
  };
  const [rows, columns] = [along(0), along(1)];
  return {
    strides,
    kernel,
    before: [rows.before, columns.before],
    after: [rows.after, columns.after],
    size: [rows.size, columns.size],
  };
}

/** Returns the kernel as a window of a convolution sliding over images [N, C, H, W].
 * @throws GraphError under the same conditions as `slide` */
export function slidingWindow(
  images: Shape,
  kernel: RowsAndColumns,
  { padding, strides = 1 }: LocalAttributes,
): SlidingWindow {
  return slide(images, kernel, typeof strides === 'number' ? [strides, strides] : strides, padding);
}

function requirePadding(padding: Padding): void {
  if (padding === 'SAME' || padding === 'VALID') return;
  if (!Array.isArray(padding?.before) || !Array.isArray(padding.after)) {
    throw new GraphError(
      `padding must be SAME, VALID or { before: [rows, columns], after: [rows, columns] }, found ${JSON.stringify(padding)}`,
    );
  }
  requireCounts('padding before', padding.before, 0);
  requireCounts('padding after', padding.after, 0);
}

function requireCounts(name: string, counts: readonly number[], least: number): void {
  if (counts.length === 2 && counts.every((count) => Number.isInteger(count) && count >= least)) return;
  throw new GraphError(
    `${name} must be 2 whole numbers of ${least} or more, rows and columns, found [${counts.join(', ')}]`,
  );
}

/** Returns the first four sizes of a shape, so that a caller can name them: `const [n, c, h, w] = sizes(x.shape)`. Sizes that
 * the shape does not have are 1. */
export function sizes(shape: Shape): readonly [number, number, number, number] {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  return [a, b, c, d];
}

/** Returns the axis numbers of a shape: 0, 1, 2 … */
export function axesOf(shape: Shape): readonly number[] {
  return shape.map((_, axis) => axis);
}
