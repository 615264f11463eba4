/**
 * Batch normalization on rows [R, C], with R = H · W · N (`layout.ts`), where the statistics of a channel are computed
 * from sums over a column. ONNX Runtime has no batch normalization for training. A sum is written as a product with a row of
 * ones, because ONNX Runtime computes that faster than a reduction.
 *
 *     before  y, mean, variance = FusedBatchNormV3(x, scale, offset)
 *     after   mean = ones · x / R              y = (x - mean) · scale / √(variance + epsilon) + offset
 *             variance = ones · (x - mean)² / R
 *
 *     before  dx, dscale, doffset = FusedBatchNormGradV3(dy, x, scale, mean, variance)
 *     after   doffset = ones · dy, dscale = ones · (dy · (x - mean)) / √(variance + epsilon)
 *             dx = (dy - doffset / R - (x - mean) · (dscale / √(variance + epsilon) / R)) · scale / √(variance + epsilon)
 *
 *     before  y = BatchNormWithGlobalNormalization(x, mean, variance, scale, offset)
 *     after   y = x · factor + (offset - mean · factor), factor = scale / √(variance + epsilon)
 *
 * Forward and backward compute x - mean with equal nodes, which are merged afterwards.
 */
import type { Value } from '../../../graph/graph.ts';
import { deviation, factor } from '../../../ops/batch-normalization.ts';
import type { Apply } from '../../../ops/definition.ts';
import { float32, scalar } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { channelRows, fromChannelRows } from './layout.ts';

export const expandBatchNormalization: Expansions = {
  FusedBatchNormV3: ({ inputs: { x, scale, offset }, attributes: { epsilon } }, { op }) => {
    const rows = rowsOf(op, x);
    const batchMean = columnMeans(op, rows);
    const centered = op('Sub', { a: rows, b: batchMean });
    const batchVariance = columnMeans(op, op('Square', { x: centered }));
    const scaled = op('Mul', { a: centered, b: factor(op, scale, batchVariance, epsilon) });
    return { y: fromRows(op, op('Add', { a: scaled, b: offset }), x), batchMean, batchVariance };
  },
  FusedBatchNormGradV3: ({ inputs, attributes: { epsilon } }, { op }) => {
    const { dy, x, scale, mean, variance } = inputs;
    const [rows, slopes] = [rowsOf(op, x), rowsOf(op, dy)];
    const centered = op('Sub', { a: rows, b: mean });
    const inverse = op('Div', { a: number(op, 1), b: deviation(op, variance, epsilon) });
    const offsetGradient = columnSums(op, slopes);
    const products = columnSums(op, op('Mul', { a: slopes, b: centered }));
    const scaleGradient = op('Mul', { a: products, b: inverse });
    const share = (sum: Value) => op('Mul', { a: sum, b: number(op, 1 / (rows.shape[0] ?? 1)) });
    const perCell = share(op('Mul', { a: scaleGradient, b: inverse }));
    const own = op('Sub', {
      a: op('Sub', { a: slopes, b: share(offsetGradient) }),
      b: op('Mul', { a: centered, b: perCell }),
    });
    const dx = op('Mul', { a: own, b: factor(op, scale, variance, epsilon) });
    return { y: fromRows(op, dx, x), scaleGradient, offsetGradient };
  },
  BatchNormWithGlobalNormalization: ({ inputs, attributes: { epsilon } }, { op }) => {
    const { x, mean, variance, scale, offset } = inputs;
    const slope = factor(op, scale, variance, epsilon);
    const start = op('Sub', { a: offset, b: op('Mul', { a: mean, b: slope }) });
    const y = op('Add', { a: op('Mul', { a: rowsOf(op, x), b: slope }), b: start });
    return { y: fromRows(op, y, x) };
  },
};

const number = (op: Apply, value: number) => op('Constant', {}, { value: scalar(value) }, 'number');
const rowsOf = (op: Apply, x: Value) => (x.shape.length === 4 ? channelRows(op, x) : x);
const fromRows = (op: Apply, rows: Value, { shape }: Value) =>
  shape.length === 4 ? fromChannelRows(op, rows, shape) : rows;

/** Returns the sum of each column of rows [R, C], as [C]. */
function columnSums(op: Apply, rows: Value): Value {
  const [count = 0, channels = 0] = rows.shape;
  const a = op('Constant', {}, { value: float32([1, count], new Float32Array(count).fill(1)) }, 'ones');
  const sums = op('MatMul', { a, b: rows }, { transposeA: false, transposeB: false });
  return op('Reshape', { x: sums }, { shape: [channels] });
}

/** Returns the mean of each column of rows [R, C], as [C]. */
function columnMeans(op: Apply, rows: Value): Value {
  return op('Mul', { a: columnSums(op, rows), b: number(op, 1 / (rows.shape[0] ?? 1)) });
}
