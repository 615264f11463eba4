/**
 * Average pooling and its gradient as two products on images [H, W, N, C] (`layout.ts`): the mean over a window is a mean along rows
 * of means along columns, and so is the number of its cells inside the image.
 *
 *     before  y = AvgPool(x)          after  y = rows [H', H] · x, then columns [W', W] · each of its rows
 *     before  dx = AvgPoolGrad(dy)    after  the same with both matrices transposed
 *
 *     rows[i, r] = 1 / (cells of window i inside the image) if row r is one of them, else 0
 */
import type { Value } from '../../../graph/graph.ts';
import type { PoolAttributes } from '../../../graph/signature.ts';
import type { Apply } from '../../../ops/definition.ts';
import { sizes, slide } from '../../../ops/shapes.ts';
import { float32, type Shape, type Tensor } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { turned } from './layout.ts';

export const expandAveragePooling: Expansions = {
  AvgPool: ({ inputs: { x }, attributes, outputs }, { op }) => {
    const [, , h, w] = sizes(x.shape);
    const matrices = [averages(h, attributes), averages(w, attributes)] as const;
    return { y: product(op, matrices, x, outputs.y.shape) };
  },
  AvgPoolGrad: ({ inputs: { dy }, attributes }, { op }) => {
    const { inputShape } = attributes;
    const [, , h, w] = sizes(inputShape);
    const matrices = [transposed(averages(h, attributes)), transposed(averages(w, attributes))] as const;
    return { y: product(op, matrices, dy, inputShape) };
  },
};

/** A matrix in row-major order. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly at: (row: number, column: number) => number;
}

/** The means of windows along an axis of `length` cells. */
function averages(length: number, { size, stride, padding }: PoolAttributes): Matrix {
  const { size: rows, before } = slide(length, size, stride, padding);
  const at = (row: number, column: number) => {
    const [first, end] = [Math.max(row * stride - before, 0), Math.min(row * stride - before + size, length)];
    return column >= first && column < end ? 1 / (end - first) : 0;
  };
  return { rows, columns: length, at };
}

function transposed({ rows, columns, at }: Matrix): Matrix {
  return { rows: columns, columns: rows, at: (row, column) => at(column, row) };
}

/** Images x times a matrix along rows and one along columns, with the result's shape [N, C, H', W']. */
function product(
  op: Apply,
  [vertical, horizontal]: readonly [Matrix, Matrix],
  x: Value,
  shape: Shape,
): Value {
  const [n, c, h, w] = sizes(x.shape);
  const matrix = (value: Matrix) => op('Constant', {}, { value: tensorOf(value) }, 'averages');
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
