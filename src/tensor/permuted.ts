/** Changes the order of axes. */
import { type Float32Tensor, float32, sizeOf } from './tensor.ts';

/** Returns the tensor with its axes in another order: axis `i` of the result is axis `order[i]` of the tensor. */
export function permuted({ shape, data }: Float32Tensor, order: readonly number[]): Float32Tensor {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const result = float32(
    order.map((axis) => shape[axis] ?? 1),
    new Float32Array(data.length),
  );
  const [sizes, steps] = [result.shape, order.map((axis) => strides[axis] ?? 0)];
  const index = new Array<number>(sizes.length).fill(0);
  for (let to = 0, from = 0; to < data.length; to++) {
    result.data[to] = data[from] ?? 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const [size = 1, step = 0, at = 0] = [sizes[axis], steps[axis], index[axis]];
      const isLast = at + 1 === size;
      index[axis] = isLast ? 0 : at + 1;
      from += isLast ? -at * step : step;
      if (!isLast) break;
    }
  }
  return result;
}

/** Transposes a matrix. */
export function transposed(matrix: Float32Tensor): Float32Tensor {
  return permuted(matrix, [1, 0]);
}
