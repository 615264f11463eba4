/**
 * Average pooling and its gradient as two matrix products on images [H, W, N, C] (`layout.ts`). The mean over a window
 * is the mean of the means of its columns. This also holds at the edges, where only the cells inside the image count, because
 * every column of a window that is inside has the same number of such cells.
 *
 *     before  y = AvgPool(x)          after  y = rows [H', H] · x, then columns [W', W] · each of its rows
 *     before  dx = AvgPoolGrad(dy)    after  the same with both matrices transposed
 *
 *     rows[i, r] = 1 / (cells of window i inside the image) if row r is one of them, else 0
 */
import type { Value } from '../../../graph/graph.ts';
import type { PoolAttributes } from '../../../graph/signature.ts';
import type { Apply } from '../../../ops/definition.ts';
import { poolWindow } from '../../../ops/pooling.ts';
import { sizes } from '../../../ops/shapes.ts';
import { float32, type Shape, type Tensor } from '../../../tensor/tensor.ts';
import { constantLike } from './casts.ts';
import type { Expansions } from './expand.ts';
import { turned } from './layout.ts';

export const expandAveragePooling: Expansions = {
  AvgPool: ({ inputs: { x }, attributes, outputs }, { op }) => {
    return { y: product(op, averages(x.shape, attributes), x, outputs.y.shape) };
  },
  AvgPoolGrad: ({ inputs: { dy }, attributes }, { op }) => {
    const { inputShape } = attributes;
    const [rows, columns] = averages(inputShape, attributes);
    return { y: product(op, [transposed(rows), transposed(columns)], dy, inputShape) };
  },
};

/** A matrix in row-major order. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly at: (row: number, column: number) => number;
}

/** Returns the matrices that average windows along the rows of images [N, C, H, W], and along their columns. */
function averages(images: Shape, attributes: PoolAttributes): readonly [Matrix, Matrix] {
  const window = poolWindow(images, attributes);
  const along = (axis: 0 | 1): Matrix => {
    const [length, stride, before] = [images[axis + 2] ?? 1, window.strides[axis], window.before[axis]];
    const at = (row: number, column: number) => {
      const start = row * stride - before;
      const [first, end] = [Math.max(start, 0), Math.min(start + window.kernel[axis], length)];
      return column >= first && column < end ? 1 / (end - first) : 0;
    };
    return { rows: window.size[axis], columns: length, at };
  };
  return [along(0), along(1)];
}

function transposed({ rows, columns, at }: Matrix): Matrix {
  return { rows: columns, columns: rows, at: (row, column) => at(column, row) };
}

/** Multiplies the images x by one matrix along the rows and one along the columns. The result has the shape [N, C, H', W']. */
function product(
  op: Apply,
  [vertical, horizontal]: readonly [Matrix, Matrix],
  x: Value,
  shape: Shape,
): Value {
  const [n, c, h, w] = sizes(x.shape);
  const matrix = (value: Matrix) => constantLike(x, op, tensorOf(value), 'averages');
  const images = op('Reshape', { x: turned(op, x) }, { shape: [h, w * n * c] });
  const down = op('MatMul', { a: matrix(vertical), b: images }, { transposeA: false, transposeB: false });
  const lines = op('Reshape', { x: down }, { shape: [vertical.rows, w, n * c] });
  const across = op('BatchMatMul', { a: matrix(horizontal), b: lines });
  const [, , rows, columns] = sizes(shape);
  return turned(op, op('Reshape', { x: across }, { shape: [rows, columns, n, c] }));
}

function tensorOf({ rows, columns, at }: Matrix): Tensor {
  const values = Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
  return float32([rows, columns], values);
}
