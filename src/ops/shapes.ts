/** Shape arithmetic shared by the operators' rules. */
import { GraphError } from '../errors.ts';
import type { Padding } from '../graph/signature.ts';
import { type DType, describeType, type Shape, type TensorType } from '../tensor/tensor.ts';

/** A type with the dtype of another type and the given shape. */
export function like({ dtype }: TensorType, shape: Shape): TensorType {
  return { dtype, shape };
}

export function float32Type(shape: Shape): TensorType {
  return { dtype: 'float32', shape };
}

/** @throws GraphError such as `filter must be float32 [O, I, KH, KW], it is …` unless dtype and number of axes match */
export function requireType(name: string, type: TensorType, dtype: DType, axes: string): void {
  const count = axes === '' ? 0 : axes.split(', ').length;
  if (type.dtype === dtype && type.shape.length === count) return;
  throw new GraphError(`${name} must be ${dtype} [${axes}], it is ${describeType(type)}`);
}

/** @throws GraphError unless the type is float32, of any shape */
export function requireFloat32(name: string, type: TensorType): void {
  if (type.dtype !== 'float32') throw new GraphError(`${name} must be float32, it is ${describeType(type)}`);
}

/** @throws GraphError unless both sizes are equal; `what` names them, such as `the channels of x and of filter` */
export function requireEqual(what: string, a: number, b: number): void {
  if (a !== b) throw new GraphError(`${what} must be equal, they are ${a} and ${b}`);
}

/** @throws GraphError unless both types are equal */
export function requireSame(what: string, a: TensorType, b: TensorType): void {
  if (describeType(a) === describeType(b)) return;
  throw new GraphError(`${what} must have the same type, they are ${describeType(a)} and ${describeType(b)}`);
}

/** The shape that two operands broadcast to, as in NumPy: aligned at the last axis, size 1 is repeated.
 * @throws GraphError naming both types */
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

/** A window sliding along one axis: output size and zero cells before and after, by TensorFlow's rule
 * (`SAME`: total = max((⌈n/s⌉ - 1)·s + k - n, 0), the smaller half before). */
export interface Sliding {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

/** @throws GraphError when a `VALID` window is larger than the axis */
export function slide(length: number, window: number, stride: number, padding: Padding): Sliding {
  if (padding === 'VALID') {
    if (window > length) throw new GraphError(`a window of ${window} is larger than its axis of ${length}`);
    return { size: Math.floor((length - window) / stride) + 1, before: 0, after: 0 };
  }
  const size = Math.ceil(length / stride);
  const total = Math.max((size - 1) * stride + window - length, 0);
  return { size, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

/** Sizes by position, named where they are used: `const [n, c, h, w] = sizes(x.shape)`. */
export function sizes(shape: Shape): readonly [number, number, number, number] {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  return [a, b, c, d];
}

/** The axis numbers of a shape: 0, 1, 2 … */
export function axesOf(shape: Shape): readonly number[] {
  return shape.map((_, axis) => axis);
}
