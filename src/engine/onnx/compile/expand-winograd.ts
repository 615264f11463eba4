/**
 * Convolutions with 5×5 and 3×3 filters as matrix products, by the algorithm of `engine/cook-toom.ts` in tiles of 4×4. A 5×5
 * convolution then takes 64 multiplications instead of 400. Evaluation and interpolation are also products with constant
 * matrices. Images are [H, W, N, C] (`layout.ts`); p and q are indices of points, s and t of tiles, d and e of blocks of tiles.
 *
 *     V[d, p, t, e, q, s·N, I] = (B ⊗ B) x        U[p, q, I, O] = (G ⊗ G) filter        M = V · U
 *     y = (A ⊗ A) M
 *
 * The gradients are the transposes of these linear maps:
 *
 *     D = (A ⊗ A)ᵀ dy        dx = (B ⊗ B)ᵀ (D · Uᵀ)        dfilter = (G ⊗ G)ᵀ (Vᵀ · D)
 *
 * The matrices of an axis consist of those of its tiles. A has the same block for each of its blocks of tiles, so y and D are products
 * of a batch of blocks. The input cells of neighboring tiles overlap, so B is one matrix for the whole axis.
 *
 * The order of summation differs from that of the definition. Compared with float64, the error is 2·10⁻⁶ of the largest value for 3×3
 * and 7·10⁻⁶ for 5×5 (root mean square: 8·10⁻⁷ and 3·10⁻⁶ of that of the values), and 4·10⁻⁷ for the definition in float32
 * (64 channels; `cook-toom.ts` compares points).
 */
import type { Value } from '../../../graph/graph.ts';
import type { ConvolutionAttributes } from '../../../graph/signature.ts';
import { convolutionWindow } from '../../../ops/convolution.ts';
import type { Apply } from '../../../ops/definition.ts';
import { keepsSize, sizes } from '../../../ops/shapes.ts';
import { float32, type Shape } from '../../../tensor/tensor.ts';
import { axisMaps, type BlockMap, cookToom, kronecker, type Matrix, transposed } from '../../cook-toom.ts';
import { constantLike } from './casts.ts';
import { turned } from './layout.ts';

const tile = 4;

/** The most tiles of a block. The maps of an axis are matrix products, in which the rows of a block have zeros for the other tiles.
 * Short blocks have fewer zeros to multiply, but longer ones make better use of the processor. More blocks of columns also make the
 * gradient of the filter slower, because products of different blocks are added up later. */
const mostTiles = { rows: 2, columns: 4 };

/** Whether the algorithm applies: filters of 3×3 or 5×5, stride 1, padding that preserves rows and columns, whole tiles, and so
 * many channels that the algorithm is faster. */
export function fitsWinograd(x: Shape, filter: Shape, attributes: ConvolutionAttributes): boolean {
  const [, i, h, w] = sizes(x);
  const window = convolutionWindow(x, filter, attributes);
  const [k, columns] = window.kernel;
  const whole = h % tile === 0 && w % tile === 0;
  const enough = i >= 16 && (attributes.groups ?? 1) === 1;
  return (k === 3 || k === 5) && k === columns && keepsSize(window) && whole && enough;
}

/** Returns the sizes and matrices of one convolution. */
function plan(x: Shape, filter: Shape) {
  const [n, i, h, w] = sizes(x);
  const [o, , k] = sizes(filter);
  const small = cookToom(tile, k);
  const rows = axisMaps(small, h, mostTiles.rows);
  const columns = axisMaps(small, w, mostTiles.columns);
  return { n, i, o, k, points: small.B.length, rows, columns, G: small.G };
}
type Plan = ReturnType<typeof plan>;

/** Adds a matrix that is to be multiplied by x. */
function constant(op: Apply, matrix: Matrix, x: Value): Value {
  return constantLike(x, op, float32([matrix.length, matrix[0]?.length ?? 0], matrix.flat()), 'matrix');
}

/** Applies one map along the rows of x [H, W, R] and one along the columns, starting with the axis that shrinks. */
function along(op: Apply, rows: BlockMap, columns: BlockMap, x: Value): Value {
  const [, w = 0, rest = 0] = x.shape;
  const across = (value: Value) => {
    const [height = 0] = value.shape;
    return mapped(op, columns, value, height, rest, [height, columns.matrix.length * columns.blocks, rest]);
  };
  const down = (value: Value) => {
    const width = value.shape[1] ?? 0;
    return mapped(op, rows, value, 1, width * rest, [rows.matrix.length * rows.blocks, width, rest]);
  };
  return columns.matrix.length * columns.blocks >= w ? down(across(x)) : across(down(x));
}

/** Applies a map to each of `count` axes of x [count, axis, rest]. The result has the given shape. */
function mapped(
  op: Apply,
  { matrix, blocks }: BlockMap,
  x: Value,
  count: number,
  rest: number,
  shape: Shape,
): Value {
  const length = matrix[0]?.length ?? 0;
  const batch = count * blocks === 1 ? [] : [count * blocks];
  const b = op('Reshape', { x }, { shape: [...batch, length, rest] });
  return op('Reshape', { x: op('BatchMatMul', { a: constant(op, matrix, b), b }) }, { shape });
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

/** Reshapes an evaluated image to one matrix [s·N, C] for every combination of a block of rows, p, t, a block of columns, and q. */
function perPoint(op: Apply, x: Value, { points, rows, columns, n }: Plan, channels: number): Value {
  const shape = [rows.blocks, points, rows.tiles, columns.blocks, points, columns.tiles * n, channels];
  return op('Reshape', { x }, { shape });
}

function perCell(op: Apply, x: Value, { points, rows, columns, n }: Plan, channels: number): Value {
  const shape = [rows.blocks * points * rows.tiles, columns.blocks * points * columns.tiles, n * channels];
  return op('Reshape', { x }, { shape });
}

function evaluatedInput(op: Apply, x: Value, layout: Plan): Value {
  return perPoint(
    op,
    along(op, layout.rows.evaluateInput, layout.columns.evaluateInput, flatImages(op, x)),
    layout,
    layout.i,
  );
}

/** Computes U [1, p, 1, 1, q, I, O] from a filter [O, I, K, K]. */
function evaluatedFilter(op: Apply, filter: Value, { i, o, k, points, G }: Plan): Value {
  const taps = op('Transpose', { x: filter }, { order: [2, 3, 1, 0] });
  const flat = op('Reshape', { x: taps }, { shape: [k * k, i * o] });
  const product = op('BatchMatMul', { a: constant(op, kronecker(G, G), flat), b: flat });
  return op('Reshape', { x: product }, { shape: [1, points, 1, 1, points, i, o] });
}

/** Computes D, the gradient of M. */
function evaluatedGradient(op: Apply, dy: Value, layout: Plan): Value {
  const flat = along(op, layout.rows.evaluateGradient, layout.columns.evaluateGradient, flatImages(op, dy));
  return perPoint(op, flat, layout, layout.o);
}

function flipped(op: Apply, x: Value): Value {
  return op('Transpose', { x }, { order: [0, 1, 2, 3, 4, 6, 5] });
}

export function winogradForward(op: Apply, x: Value, filter: Value): Value {
  const layout = plan(x.shape, filter.shape);
  const a = evaluatedInput(op, x, layout);
  const product = op('BatchMatMul', { a, b: evaluatedFilter(op, filter, layout) });
  const y = along(
    op,
    layout.rows.interpolate,
    layout.columns.interpolate,
    perCell(op, product, layout, layout.o),
  );
  return images(op, y, layout.n, layout.o);
}

export function winogradInputGradient(op: Apply, filter: Value, dy: Value, inputShape: Shape): Value {
  const layout = plan(inputShape, filter.shape);
  const b = flipped(op, evaluatedFilter(op, filter, layout));
  const product = op('BatchMatMul', { a: evaluatedGradient(op, dy, layout), b });
  const { rows, columns } = layout;
  const dx = along(op, rows.inputGradient, columns.inputGradient, perCell(op, product, layout, layout.i));
  return images(op, dx, layout.n, layout.i);
}

export function winogradFilterGradient(op: Apply, x: Value, dy: Value, filterShape: Shape): Value {
  const layout = plan(x.shape, filterShape);
  const { points, rows, columns, i, o, k, G } = layout;
  const a = flipped(op, evaluatedInput(op, x, layout));
  const product = op('BatchMatMul', { a, b: evaluatedGradient(op, dy, layout) });
  const sums = rows.blocks * points * rows.tiles * columns.blocks * points;
  const flat = op('Reshape', { x: product }, { shape: [sums, i * o] });
  // The rows of G ⊗ G are repeated for every row of tiles and block of columns, so that the product also sums over these.
  const repeated = (row: readonly number[], count: number) => new Array<typeof row>(count).fill(row);
  const down = repeatedRows(
    G.flatMap((row) => repeated(row, rows.tiles)),
    rows.blocks,
  );
  const all = transposed(kronecker(down, repeatedRows(G, columns.blocks)));
  const taps = op(
    'Reshape',
    { x: op('BatchMatMul', { a: constant(op, all, flat), b: flat }) },
    { shape: [k, k, i, o] },
  );
  return op('Transpose', { x: taps }, { order: [3, 2, 0, 1] });
}

/** Returns `count` copies of a matrix below each other. */
function repeatedRows(matrix: Matrix, count: number): Matrix {
  return new Array<Matrix>(count).fill(matrix).flat();
}
