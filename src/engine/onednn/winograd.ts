/**
 * Convolutions as matrix products, by the algorithm of `cook-toom.ts`. A 5×5 convolution in tiles of 4×4 takes 64 multiplications
 * instead of 400. Evaluation and interpolation are products with constant matrices too. They are fast if all images and channels
 * are one long row, so images are [H, W, N, C]; p and q are indices of points, t and s of tiles.
 *
 *     V[p, t, q, s·N, I] = (B ⊗ B) x        U[p, q, I, O] = (G ⊗ G) filter        y = (A ⊗ A) (V · U)
 *
 * The gradients are the transposes of these linear maps:
 *
 *     D = (A ⊗ A)ᵀ dy        dx = (B ⊗ B)ᵀ (D · Uᵀ)        dfilter = (G ⊗ G)ᵀ (Vᵀ · D)
 *
 * Lowering merges equal calls. The forward pass and the gradient of the filter therefore share V, both gradients share D, and the
 * forward pass and the gradient of x share U. One reorder converts images from the layout that they have in the rest of the
 * program, and one converts them back.
 */
import type { Node, Value } from '../../graph/graph.ts';
import { convolutionWindow } from '../../ops/convolution.ts';
import type { OnednnContext } from '../../ops/definition.ts';
import { binary, type LikeDirect, type PrimitiveContext, type Slot, unary } from '../../ops/primitives.ts';
import { sizes } from '../../ops/shapes.ts';
import { float32, type Shape } from '../../tensor/tensor.ts';
import { cookToom, kronecker, type Matrix, transposed, wholeAxis } from '../cook-toom.ts';
import type { Forms } from './lower.ts';
import { isWinograd, tile, type WinogradRule } from './winograd-rule.ts';

/** Returns the forms of the convolutions for which the rule chooses the algorithm.
 * @param nodes the nodes that will be lowered */
export function winogradForms(rule: WinogradRule): (nodes: readonly Node[]) => Forms {
  return (nodes) => {
    const turnedGradients = new Set(nodes.flatMap((node) => gradientOf(node, rule)));
    /** The results, and those of the bias and the ReLU that follow, with the same values as [H·W·N, C]. */
    const results = new Map<Slot, ChannelRows>();
    const asImages = (context: PrimitiveContext, rows: ChannelRows) => {
      const y = images(context, rows);
      results.set(y, rows);
      return { y };
    };
    return {
      Conv2D: ({ attributes }, context) => {
        const { x, filter } = context.inputs;
        return isWinograd(rule, x.dims, filter.dims, attributes)
          ? asImages(context, forward(context, planOf(x.dims, filter.dims), x, filter))
          : undefined;
      },
      BiasAdd: (_, context) => {
        const { x, bias } = context.inputs;
        const found = results.get(x);
        if (found === undefined) return undefined;
        const { rows } = found;
        const added = binary(context, 'add', rows, context.alias(bias, [1, ...bias.dims]), rows.dims);
        return asImages(context, { ...found, rows: added });
      },
      Relu: (_, context) => {
        const found = results.get(context.inputs.x);
        if (found === undefined) return undefined;
        return asImages(context, { ...found, rows: unary(context, 'relu', found.rows) });
      },
      Conv2DBackpropInput: ({ attributes: { inputShape, ...attributes } }, context) => {
        const { filter, dy } = context.inputs;
        return isWinograd(rule, inputShape, filter.dims, attributes)
          ? { y: images(context, inputGradient(context, planOf(inputShape, filter.dims), filter, dy)) }
          : undefined;
      },
      Conv2DBackpropFilter: ({ attributes: { filterShape, ...attributes } }, context) => {
        const { x, dy } = context.inputs;
        return isWinograd(rule, x.dims, filterShape, attributes)
          ? { y: filterGradient(context, planOf(x.dims, filterShape), x, dy) }
          : undefined;
      },
      BiasAddGrad: ({ inputs: { dy } }, context) =>
        turnedGradients.has(dy) ? { y: biasGradient(context) } : undefined,
    };
  };
}

/** Returns the gradient that a node reads as [H, W, N, C], if there is one. */
function gradientOf(node: Node, rule: WinogradRule): readonly Value[] {
  if (node.op === 'Conv2DBackpropInput') {
    const { filter, dy } = node.inputs;
    const { inputShape, ...attributes } = node.attributes;
    return isWinograd(rule, inputShape, filter.shape, attributes) ? [dy] : [];
  }
  if (node.op !== 'Conv2DBackpropFilter') return [];
  const { x, dy } = node.inputs;
  const { filterShape, ...attributes } = node.attributes;
  return isWinograd(rule, x.shape, filterShape, attributes) ? [dy] : [];
}

/** Returns the sizes and matrices of a convolution. `rows` and `columns` apply to whole axes of images. */
function planOf(x: Shape, filter: Shape) {
  const [n, i, h, w] = sizes(x);
  const [o, , k] = sizes(filter);
  const small = cookToom(tile, k);
  const points = small.B.length;
  const axes = { rows: wholeAxis(small, h), columns: wholeAxis(small, w) };
  const window = convolutionWindow(x, filter, { padding: 'SAME' });
  const tiles = { down: h / tile, across: w / tile };
  return { n, i, o, h, w, k, points, tiles, ...axes, G: small.G, direct: { x, filter, window } };
}
type Plan = ReturnType<typeof planOf>;

/** Images as a matrix with one row of channels for each cell. */
interface ChannelRows {
  /** [H·W·N, C]. */
  readonly rows: Slot;
  /** [N, C, H, W]. */
  readonly dims: Shape;
  readonly likeDirect: LikeDirect;
}

function forward(context: PrimitiveContext, plan: Plan, x: Slot, filter: Slot): ChannelRows {
  const { rows, columns, n, o, h, w } = plan;
  const v = evaluatedInput(context, plan, x);
  const products = context.call(
    'matmul',
    { src: perPoint(context, plan, v), weights: evaluatedFilter(context, plan, filter) },
    pointDims(plan, o),
  );
  const y = shrunk(context, rows.A, columns.A, perCell(context, plan, products));
  return channelRows(context, y, [n, o, h, w], { ...plan.direct, argument: 'dst' });
}

function inputGradient(context: PrimitiveContext, plan: Plan, filter: Slot, dy: Slot): ChannelRows {
  const { rows, columns, n, i, h, w } = plan;
  const d = evaluatedGradient(context, plan, dy);
  const products = context.call(
    'matmul',
    { src: perPoint(context, plan, d), weights: evaluatedFilter(context, plan, filter) },
    pointDims(plan, i),
    { transposed: ['weights'] },
  );
  const dx = shrunk(context, transposed(rows.B), transposed(columns.B), perCell(context, plan, products));
  return channelRows(context, dx, [n, i, h, w], { ...plan.direct, argument: 'src' });
}

function filterGradient(context: PrimitiveContext, plan: Plan, x: Slot, dy: Slot): Slot {
  const { points, tiles, i, o, k, G } = plan;
  const [v, d] = [evaluatedInput(context, plan, x), evaluatedGradient(context, plan, dy)];
  const products = context.call(
    'matmul',
    { src: perPoint(context, plan, v), weights: perPoint(context, plan, d) },
    [points, tiles.down, points, i, o],
    { transposed: ['src'] },
  );
  // The rows of G are repeated for every row of tiles, so that the product also adds up the tiles.
  const repeated = G.flatMap((row) => new Array<typeof row>(tiles.down).fill(row));
  const small = context.constant(matrix(transposed(kronecker(repeated, G))));
  const flat = context.alias(products, [points * tiles.down * points, i * o]);
  const taps = context.call('matmul', { src: small, weights: flat }, [k * k, i * o]);
  const source = context.alias(taps, [k, k, i, o]);
  const dims = [o, i, k, k];
  const from = { offset: 0, dims, strides: filterStrides(plan) };
  return context.call('copy', {}, dims, { pieces: [{ source, from }] });
}

/** Returns the sum of dy over images, rows and columns, as a product of ones and dy [H·W·N, C]. */
function biasGradient(context: OnednnContext<'BiasAddGrad'>): Slot {
  const { dy } = context.inputs;
  const [n, c, h, w] = sizes(dy.dims);
  const cells = h * w * n;
  const ones = context.constant(float32([1, cells], new Float32Array(cells).fill(1)));
  const weights = context.alias(turned(context, dy), [cells, c]);
  return context.alias(context.call('matmul', { src: ones, weights }, [1, c]), [c]);
}

function evaluatedInput(context: PrimitiveContext, { rows, columns }: Plan, x: Slot): Slot {
  return grown(context, rows.B, columns.B, turned(context, x));
}

function evaluatedGradient(context: PrimitiveContext, { rows, columns }: Plan, dy: Slot): Slot {
  return grown(context, transposed(rows.A), transposed(columns.A), turned(context, dy));
}

/** Computes U [p, 1, q, I, O] from a filter [O, I, K, K]. The second axis is broadcast to the rows of tiles. */
function evaluatedFilter(context: PrimitiveContext, plan: Plan, source: Slot): Slot {
  const { i, o, k, points, G } = plan;
  const to = { offset: 0, dims: source.dims, strides: filterStrides(plan) };
  const taps = context.call('copy', {}, [k, k, i, o], { pieces: [{ source, to }] });
  const weights = context.alias(taps, [k * k, i * o]);
  const src = context.constant(matrix(kronecker(G, G)));
  const u = context.call('matmul', { src, weights }, [points * points, i * o]);
  return context.alias(u, [points, 1, points, i, o]);
}

/** Returns the strides of a filter [O, I, K, K] in memory that is [K, K, I, O]. */
function filterStrides({ i, o, k }: Plan): Shape {
  return [1, o, k * i * o, i * o];
}

/** Copies images [N, C, H, W] of any layout to [H, W, N, C]. */
function turned({ call }: PrimitiveContext, source: Slot): Slot {
  const [n, c, h, w] = sizes(source.dims);
  const to = { offset: 0, dims: source.dims, strides: turnedStrides(source.dims) };
  return call('copy', {}, [h, w, n, c], { pieces: [{ source, to }] });
}

function channelRows(
  { alias }: PrimitiveContext,
  flat: Slot,
  dims: Shape,
  likeDirect: LikeDirect,
): ChannelRows {
  const [n, c, h, w] = sizes(dims);
  return { rows: alias(flat, [h * w * n, c]), dims, likeDirect };
}

/** Copies rows of channels to images [N, C, H, W], in the layout in which the direct convolution has them. */
function images({ call, alias }: PrimitiveContext, { rows, dims, likeDirect }: ChannelRows): Slot {
  const [n, c, h, w] = sizes(dims);
  const source = alias(rows, [h, w, n, c]);
  const from = { offset: 0, dims, strides: turnedStrides(dims) };
  return call('copy', {}, dims, { pieces: [{ source, from }], likeDirect });
}

/** Returns the strides of images [N, C, H, W] in memory that is [H, W, N, C]. */
function turnedStrides(dims: Shape): Shape {
  const [n, c, , w] = sizes(dims);
  return [c, 1, w * n * c, n * c];
}

/** Applies matrices with more rows than columns along the rows and the columns of images [H, W, N, C]. */
function grown(context: PrimitiveContext, rows: Matrix, columns: Matrix, source: Slot): Slot {
  const [h, w, n, c] = sizes(source.dims);
  const down = context.call(
    'matmul',
    { src: context.constant(matrix(rows)), weights: context.alias(source, [h, w * n * c]) },
    [rows.length, w * n * c],
  );
  return across(context, columns, context.alias(down, [rows.length, w, n * c]));
}

/** Applies matrices with fewer rows than columns along the first two axes of [PT, QS, N·C]. */
function shrunk(context: PrimitiveContext, rows: Matrix, columns: Matrix, cells: Slot): Slot {
  const less = across(context, columns, cells);
  const [height = 0, width = 0, row = 0] = less.dims;
  const weights = context.alias(less, [height, width * row]);
  return context.call('matmul', { src: context.constant(matrix(rows)), weights }, [rows.length, width * row]);
}

function across(context: PrimitiveContext, columns: Matrix, weights: Slot): Slot {
  const [height = 0, , row = 0] = weights.dims;
  const small = context.constant(float32([1, columns.length, columns[0]?.length ?? 0], columns.flat()));
  return context.call('matmul', { src: small, weights }, [height, columns.length, row]);
}

function matrix(rows: Matrix) {
  return float32([rows.length, rows[0]?.length ?? 0], rows.flat());
}

/** Returns the dims of a matrix [s·N, C] for every combination of p, t and q. */
function pointDims({ points, tiles, n }: Plan, channels: number): Shape {
  return [points, tiles.down, points, tiles.across * n, channels];
}

function perPoint({ alias }: PrimitiveContext, plan: Plan, cells: Slot): Slot {
  return alias(cells, pointDims(plan, (cells.dims[2] ?? 0) / plan.n));
}

function perCell({ alias }: PrimitiveContext, { points, tiles, n }: Plan, products: Slot): Slot {
  return alias(products, [points * tiles.down, points * tiles.across, n * (products.dims[4] ?? 0)]);
}
