/**
 * Convolutions as matrix products, by the algorithm of `cook-toom.ts`. A 5×5 convolution in tiles of 4×4 takes 64 multiplications
 * instead of 400. Evaluation and interpolation are products with constant matrices too. They are fast if all images and channels
 * are one long row, so images are [H, W, N, C]; p and q are indices of points, t and s of tiles, d and e of blocks of tiles.
 *
 *     V[d, p, t, e, q, s·N, I] = (B ⊗ B) x        U[p, q, I, O] = (G ⊗ G) filter        y = (A ⊗ A) (V · U)
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
import { float32, type Shape, sizeOf } from '../../tensor/tensor.ts';
import { axisMaps, type BlockMap, cookToom, kronecker, type Matrix, transposed } from '../cook-toom.ts';
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

/** The most tiles of a block. The rows of a block have zeros for its other tiles, so short blocks have fewer zeros to multiply, but
 * longer ones make better use of the processor. */
const mostTiles = 3;

/** Returns the sizes and maps of a convolution. */
function planOf(x: Shape, filter: Shape) {
  const [n, i, h, w] = sizes(x);
  const [o, , k] = sizes(filter);
  const small = cookToom(tile, k);
  const axes = { rows: axisMaps(small, h, mostTiles), columns: axisMaps(small, w, mostTiles) };
  const window = convolutionWindow(x, filter, { padding: 'SAME' });
  return { n, i, o, h, w, k, points: small.B.length, ...axes, G: small.G, direct: { x, filter, window } };
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
  const y = shrunk(context, rows.interpolate, columns.interpolate, perCell(context, plan, products));
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
  const dx = shrunk(context, rows.inputGradient, columns.inputGradient, perCell(context, plan, products));
  return channelRows(context, dx, [n, i, h, w], { ...plan.direct, argument: 'src' });
}

function filterGradient(context: PrimitiveContext, plan: Plan, x: Slot, dy: Slot): Slot {
  const { i, o, k } = plan;
  const [v, d] = [evaluatedInput(context, plan, x), evaluatedGradient(context, plan, dy)];
  const every = pointsAndTiles(plan);
  const products = context.call(
    'matmul',
    { src: perPoint(context, plan, v), weights: perPoint(context, plan, d) },
    [...every, i, o],
    { transposed: ['src'] },
  );
  const flat = context.alias(products, [sizeOf(every), i * o]);
  const src = context.constant(matrix(summingTaps(plan)));
  const taps = context.call('matmul', { src, weights: flat }, [k * k, i * o]);
  const source = context.alias(taps, [k, k, i, o]);
  const dims = [o, i, k, k];
  const from = { offset: 0, dims, strides: filterStrides(plan) };
  return context.call('copy', {}, dims, { pieces: [{ source, from }] });
}

/** Returns (G ⊗ G)ᵀ with its columns repeated for blocks and tiles, so that the product with it also adds these up. */
function summingTaps({ points, rows, columns, G }: Plan): Matrix {
  const small = transposed(kronecker(G, G));
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  const sources = numbers(rows.blocks).flatMap(() =>
    numbers(points).flatMap((p) =>
      numbers(rows.tiles * columns.blocks).flatMap(() => numbers(points).map((q) => p * points + q)),
    ),
  );
  return small.map((row) => sources.map((source) => row[source] ?? 0));
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
  return grown(context, rows.evaluateInput, columns.evaluateInput, turned(context, x));
}

function evaluatedGradient(context: PrimitiveContext, { rows, columns }: Plan, dy: Slot): Slot {
  return grown(context, rows.evaluateGradient, columns.evaluateGradient, turned(context, dy));
}

/** Computes U [1, p, 1, 1, q, I, O] from a filter [O, I, K, K]. The axes of size 1 are broadcast to blocks and tiles. */
function evaluatedFilter(context: PrimitiveContext, plan: Plan, source: Slot): Slot {
  const { i, o, k, points, G } = plan;
  const to = { offset: 0, dims: source.dims, strides: filterStrides(plan) };
  const taps = context.call('copy', {}, [k, k, i, o], { pieces: [{ source, to }] });
  const weights = context.alias(taps, [k * k, i * o]);
  const src = context.constant(matrix(kronecker(G, G)));
  const u = context.call('matmul', { src, weights }, [points * points, i * o]);
  return context.alias(u, [1, points, 1, 1, points, i, o]);
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

/** Applies maps that lengthen axes to images [H, W, N, C]: first to the rows. */
function grown(context: PrimitiveContext, rows: BlockMap, columns: BlockMap, source: Slot): Slot {
  const [h, w, n, c] = sizes(source.dims);
  const down = mapped(context, rows, context.alias(source, [1, h, w * n * c]));
  return mapped(context, columns, context.alias(down, [lengthOf(rows), w, n * c]));
}

/** Applies maps that shorten axes to cells [H, W, N·C]: first to the columns. */
function shrunk(context: PrimitiveContext, rows: BlockMap, columns: BlockMap, cells: Slot): Slot {
  const [height = 1, , row = 1] = cells.dims;
  const across = mapped(context, columns, cells);
  return mapped(context, rows, context.alias(across, [1, height, lengthOf(columns) * row]));
}

/** Applies a map to each of `count` axes in [count, axis, rest]. */
function mapped({ call, alias, constant }: PrimitiveContext, map: BlockMap, source: Slot): Slot {
  const [count = 1, , rest = 1] = source.dims;
  const [rows, columns] = [map.matrix.length, map.matrix[0]?.length ?? 0];
  const small = constant(float32([1, rows, columns], map.matrix.flat()));
  const blocks = alias(source, [count * map.blocks, columns, rest]);
  const result = call('matmul', { src: small, weights: blocks }, [count * map.blocks, rows, rest]);
  return alias(result, [count, lengthOf(map), rest]);
}

/** Returns the length of an axis after a map. */
function lengthOf({ matrix: { length }, blocks }: BlockMap): number {
  return length * blocks;
}

function matrix(rows: Matrix) {
  return float32([rows.length, rows[0]?.length ?? 0], rows.flat());
}

/** Returns [d, p, t, e, q]. */
function pointsAndTiles({ points, rows, columns }: Plan): Shape {
  return [rows.blocks, points, rows.tiles, columns.blocks, points];
}

/** Returns the dims of a matrix [s·N, C] for every combination of blocks, points and rows of tiles. */
function pointDims(plan: Plan, channels: number): Shape {
  return [...pointsAndTiles(plan), plan.columns.tiles * plan.n, channels];
}

function perPoint({ alias }: PrimitiveContext, plan: Plan, cells: Slot): Slot {
  return alias(cells, pointDims(plan, (cells.dims[2] ?? 0) / plan.n));
}

function perCell({ alias }: PrimitiveContext, { points, rows, columns, n }: Plan, products: Slot): Slot {
  const across = columns.blocks * points * columns.tiles;
  return alias(products, [rows.blocks * points * rows.tiles, across, n * (products.dims.at(-1) ?? 0)]);
}
