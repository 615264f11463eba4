/**
 * Convolutions with 5×5 and 3×3 filters as matrix products, by the algorithm of `engine/cook-toom.ts` in tiles of 4×4. A 5×5
 * convolution then takes 64 multiplications instead of 400. Evaluation and interpolation are also products with constant
 * matrices. Images are [H, W, N, C] (`layout.ts`); p and q are indices of points, s and t of tiles.
 *
 *     V[p, t, q, s·N, I] = (B ⊗ B) x        U[p, q, I, O] = (G ⊗ G) filter        M = V · U
 *     y = (A ⊗ A) M
 *
 * The gradients are the transposes of these linear maps:
 *
 *     D = (A ⊗ A)ᵀ dy        dx = (B ⊗ B)ᵀ (D · Uᵀ)        dfilter = (G ⊗ G)ᵀ (Vᵀ · D)
 *
 * The order of summation differs from that of the definition. The error is about 6·10⁻⁶ of the largest value, compared with
 * 4·10⁻⁷ for the definition in float32 (measured with conv2).
 */
import type { Value } from '../../../graph/graph.ts';
import type { ConvolutionAttributes } from '../../../graph/signature.ts';
import { convolutionWindow } from '../../../ops/convolution.ts';
import type { Apply } from '../../../ops/definition.ts';
import { sizes } from '../../../ops/shapes.ts';
import { float32, type Shape } from '../../../tensor/tensor.ts';
import { cookToom, kronecker, type Matrix, transposed, wholeAxis } from '../../cook-toom.ts';
import { constantLike } from './casts.ts';
import { turned } from './layout.ts';

const tile = 4;

/** Whether the algorithm applies: filters of 3×3 or 5×5, stride 1, padding that preserves rows and columns, whole tiles, and so
 * many channels that the algorithm is faster. */
export function fitsWinograd(x: Shape, filter: Shape, attributes: ConvolutionAttributes): boolean {
  const [, i, h, w] = sizes(x);
  const { kernel, strides, before, after } = convolutionWindow(x, filter, attributes);
  const [k] = kernel;
  const fitsAxis = (axis: 0 | 1) => {
    const keeps = before[axis] === (k - 1) / 2 && after[axis] === (k - 1) / 2;
    return kernel[axis] === k && strides[axis] === 1 && keeps;
  };
  const whole = h % tile === 0 && w % tile === 0;
  const enough = i >= 16 && (attributes.groups ?? 1) === 1;
  return (k === 3 || k === 5) && fitsAxis(0) && fitsAxis(1) && whole && enough;
}

/** Returns the sizes and matrices of one convolution. */
function plan(x: Shape, filter: Shape) {
  const [n, i, h, w] = sizes(x);
  const [o, , k] = sizes(filter);
  const small = cookToom(tile, k);
  const points = small.B.length;
  const rows = wholeAxis(small, h);
  const columns = wholeAxis(small, w);
  return { n, i, o, h, w, k, points, tilesDown: h / tile, tilesAcross: w / tile, rows, columns, G: small.G };
}
type Plan = ReturnType<typeof plan>;

/** Adds a matrix that is to be multiplied by x. */
function constant(op: Apply, matrix: Matrix, x: Value): Value {
  return constantLike(x, op, float32([matrix.length, matrix[0]?.length ?? 0], matrix.flat()), 'matrix');
}

/** Applies one matrix along the rows of x [H, W, R] and one along the columns, starting with the axis that shrinks. */
function along(op: Apply, rows: Matrix, columns: Matrix, x: Value): Value {
  const [h = 0, w = 0, rest = 0] = x.shape;
  const across = (value: Value) => op('BatchMatMul', { a: constant(op, columns, value), b: value });
  const down = (value: Value) => {
    const width = value.shape[1] ?? 0;
    const flat = op('Reshape', { x: value }, { shape: [h, width * rest] });
    const product = op('BatchMatMul', { a: constant(op, rows, flat), b: flat });
    return op('Reshape', { x: product }, { shape: [rows.length, width, rest] });
  };
  return columns.length >= w ? down(across(x)) : across(down(x));
}

/** Converts images [N, C, H, W] to [H, W, N·C]. */
function flatImages(op: Apply, x: Value): Value {
  const [n, c, h, w] = sizes(x.shape);
  return op('Reshape', { x: turned(op, x) }, { shape: [h, w, n * c] });
}

function images(op: Apply, flat: Value, n: number, c: number): Value {
  const [h = 0, w = 0] = flat.shape;
  return turned(op, op('Reshape', { x: flat }, { shape: [h, w, n, c] }));
}

/** Reshapes [p·t, q·s, N·C] to one matrix [s·N, C] for every combination of p, t and q. */
function perPoint(op: Apply, x: Value, { points, tilesDown, tilesAcross, n }: Plan, channels: number): Value {
  return op('Reshape', { x }, { shape: [points, tilesDown, points, tilesAcross * n, channels] });
}

function perCell(op: Apply, x: Value, { points, tilesDown, tilesAcross, n }: Plan, channels: number): Value {
  return op('Reshape', { x }, { shape: [points * tilesDown, points * tilesAcross, n * channels] });
}

function evaluatedInput(op: Apply, x: Value, layout: Plan): Value {
  return perPoint(op, along(op, layout.rows.B, layout.columns.B, flatImages(op, x)), layout, layout.i);
}

/** Computes U [p, 1, q, I, O] from a filter [O, I, K, K]. */
function evaluatedFilter(op: Apply, filter: Value, { i, o, k, points, G }: Plan): Value {
  const taps = op('Transpose', { x: filter }, { order: [2, 3, 1, 0] });
  const flat = op('Reshape', { x: taps }, { shape: [k * k, i * o] });
  const product = op('BatchMatMul', { a: constant(op, kronecker(G, G), flat), b: flat });
  return op('Reshape', { x: product }, { shape: [points, 1, points, i, o] });
}

/** Computes D, the gradient of M. */
function evaluatedGradient(op: Apply, dy: Value, layout: Plan): Value {
  const flat = along(op, transposed(layout.rows.A), transposed(layout.columns.A), flatImages(op, dy));
  return perPoint(op, flat, layout, layout.o);
}

function flipped(op: Apply, x: Value): Value {
  return op('Transpose', { x }, { order: [0, 1, 2, 4, 3] });
}

export function winogradForward(op: Apply, x: Value, filter: Value): Value {
  const layout = plan(x.shape, filter.shape);
  const a = evaluatedInput(op, x, layout);
  const product = op('BatchMatMul', { a, b: evaluatedFilter(op, filter, layout) });
  const y = along(op, layout.rows.A, layout.columns.A, perCell(op, product, layout, layout.o));
  return images(op, y, layout.n, layout.o);
}

export function winogradInputGradient(op: Apply, filter: Value, dy: Value, inputShape: Shape): Value {
  const layout = plan(inputShape, filter.shape);
  const b = flipped(op, evaluatedFilter(op, filter, layout));
  const product = op('BatchMatMul', { a: evaluatedGradient(op, dy, layout), b });
  const { rows, columns } = layout;
  const dx = along(op, transposed(rows.B), transposed(columns.B), perCell(op, product, layout, layout.i));
  return images(op, dx, layout.n, layout.i);
}

export function winogradFilterGradient(op: Apply, x: Value, dy: Value, filterShape: Shape): Value {
  const layout = plan(x.shape, filterShape);
  const { points, tilesDown, i, o, k, G } = layout;
  const a = flipped(op, evaluatedInput(op, x, layout));
  const product = op('BatchMatMul', { a, b: evaluatedGradient(op, dy, layout) });
  const flat = op('Reshape', { x: product }, { shape: [points * tilesDown * points, i * o] });
  // (G ⊗ G)ᵀ is repeated for every row of tiles, so that the product also sums over tiles.
  const rows = transposed(
    kronecker(
      G.flatMap((row) => new Array<typeof row>(tilesDown).fill(row)),
      G,
    ),
  );
  const taps = op(
    'Reshape',
    { x: op('BatchMatMul', { a: constant(op, rows, flat), b: flat }) },
    { shape: [k, k, i, o] },
  );
  return op('Transpose', { x: taps }, { order: [3, 2, 0, 1] });
}
