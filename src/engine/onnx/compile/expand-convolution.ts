/**
 * Expresses convolutions and their gradients in operators that ONNX Runtime computes fast. There are four methods:
 *
 * - `expand-winograd.ts`, for filters of 3×3 and 5×5 over many channels (conv2), if the target allows it (`targets.ts`).
 * - One matrix product, for filters over few channels (conv1). The input cells under each tap, [I·K·K, H'·W'·N], are
 * gathered from [I·H·W, N] by copying blocks of N numbers. The filter gradient uses the same matrix.
 * - With strides or groups: ONNX's Conv for the forward pass, ConvTranspose for the input gradient, and one product per tap and
 * group for the filter gradient. These choices were measured with the shapes of ResNet-20, 3×3 and 1×1 with stride 2. For the
 * input gradient, interleaved products per tap take as long as ConvTranspose. For the filter gradient, the products take 2.9
 * ms, or 9.3 ms if no other node shares the transposed x; a Conv with exchanged operands and the strides as dilations takes
 * 5.9 ms.
 * - For everything else, the definition: ONNX's Conv for the forward pass; for the input gradient a Conv of dy with the filter
 * flipped and its channels exchanged (ConvTranspose takes nearly twice as long); and for the filter gradient one product per
 * tap.
 *
 *     before  dx = Conv2DBackpropInput(filter [O, I, KH, KW], dy)
 *     after   dx = Conv2D(dy, Transpose(Reverse(filter)) [I, O, KH, KW])
 *
 *     before  df = Conv2DBackpropFilter(x [N, I, H, W], dy [N, O, H', W'])
 *     after   df[:, :, r, c] = (x shifted by (r, c), every stride-th cell)ᵀ [I, H'·W'·N] · dy [H'·W'·N, O]
 */
import type { Value } from '../../../graph/graph.ts';
import type { AttributesOf, ConvolutionAttributes, RowsAndColumns } from '../../../graph/signature.ts';
import { convolutionWindow } from '../../../ops/convolution.ts';
import type { Apply } from '../../../ops/definition.ts';
import { type SlidingWindow, sizes } from '../../../ops/shapes.ts';
import { float32, type Shape } from '../../../tensor/tensor.ts';
import { constantLike } from './casts.ts';
import type { Expansions } from './expand.ts';
import {
  fitsWinograd,
  winogradFilterGradient,
  winogradForward,
  winogradInputGradient,
} from './expand-winograd.ts';
import { channelRows, fromChannelRows, turned } from './layout.ts';
import type { Capabilities } from './targets.ts';

/** The largest number of inputs per output cell for which the inputs are gathered into a matrix. */
const mostGathered = 128;

function fitsGather(filter: Shape, attributes: ConvolutionAttributes): boolean {
  const [, i, kh, kw] = sizes(filter);
  return isSimple(attributes) && kh * kw > 1 && i * kh * kw <= mostGathered;
}

/** Whether the convolution has stride 1 and one group. */
function isSimple({ strides = 1, groups = 1 }: ConvolutionAttributes): boolean {
  return groups === 1 && [strides].flat().every((stride) => stride === 1);
}

type Needs = Pick<Capabilities, 'winograd' | 'transposesAnyGroups' | 'transposesUnevenPadding'>;

export const expandConvolution = ({
  winograd,
  transposesAnyGroups,
  transposesUnevenPadding,
}: Needs): Expansions => ({
  Conv2D: ({ inputs: { x, filter }, attributes, outputs: { y } }, { op }) => {
    if (winograd && fitsWinograd(x.shape, filter.shape, attributes))
      return { y: winogradForward(op, x, filter) };
    if (!fitsGather(filter.shape, attributes)) return undefined;
    const [o, i, kh, kw] = sizes(filter.shape);
    const taps = op('Reshape', { x: filter }, { shape: [o, i * kh * kw] });
    const cells = gathered(op, x, convolutionWindow(x.shape, filter.shape, attributes));
    const rows = op('MatMul', { a: cells, b: taps }, { transposeA: true, transposeB: true });
    return { y: fromChannelRows(op, rows, y.shape) };
  },

  Conv2DBackpropInput: (node, { op }) => {
    const { filter, dy } = node.inputs;
    const { inputShape, ...attributes } = node.attributes;
    if (winograd && fitsWinograd(inputShape, filter.shape, attributes)) {
      return { y: winogradInputGradient(op, filter, dy, inputShape) };
    }
    const window = convolutionWindow(inputShape, filter.shape, attributes);
    if (!isSimple(attributes)) {
      // No device lacks both abilities, so the new node needs no other expansion.
      if (!transposesUnevenPadding && isUneven(window))
        return { y: unpaddedInputGradient(op, node.attributes, filter, dy, window) };
      return transposesAnyGroups ? undefined : depthwiseInputGradient(op, node.attributes, filter, dy);
    }
    const flipped = op(
      'Transpose',
      { x: op('Reverse', { x: filter }, { axes: [2, 3] }) },
      { order: [1, 0, 2, 3] },
    );
    // On each side, padding of p cells in the forward convolution becomes padding of taps - 1 - p cells here.
    const rest = (padding: RowsAndColumns) =>
      window.kernel.map((taps, axis) => taps - 1 - (padding[axis] ?? 0));
    const before = [0, 0, ...rest(window.before)];
    const after = [0, 0, ...rest(window.after)];
    return {
      y: op('Conv2D', { x: op('Pad', { x: dy }, { before, after }), filter: flipped }, { padding: 'VALID' }),
    };
  },

  Conv2DBackpropFilter: ({ inputs: { x, dy }, attributes: { filterShape, ...attributes } }, { op }) => {
    if (winograd && fitsWinograd(x.shape, filterShape, attributes)) {
      return { y: winogradFilterGradient(op, x, dy, filterShape) };
    }
    const window = convolutionWindow(x.shape, filterShape, attributes);
    const [o, i, kh, kw] = sizes(filterShape);
    const rows = channelRows(op, dy);
    if (fitsGather(filterShape, attributes)) {
      const a = gathered(op, x, window);
      // This is not written as a MatMul, because ONNX Runtime would fuse the transposition into its Gemm, which
      // takes three times as long.
      const product = op('BatchMatMul', { a, b: rows });
      const flat = op('Transpose', { x: product }, { order: [1, 0] });
      return { y: op('Reshape', { x: flat }, { shape: [o, i, kh, kw] }) };
    }
    const { groups = 1 } = attributes;
    const inputs = shiftedInputs(op, x, window);
    if (groups > 1) return { y: groupedFilterGradient(op, inputs, rows, filterShape, groups) };
    const products = inputs.map((a) => op('MatMul', { a, b: rows }, { transposeA: true, transposeB: false }));
    const all = op('Reshape', { x: op('Concat', products, { axis: 0 }) }, { shape: [kh, kw, i, o] });
    return { y: op('Transpose', { x: all }, { order: [3, 2, 0, 1] }) };
  },
});

/** Returns the input cell under each tap of each output cell, as [I·KH·KW, H'·W'·N], with zero where the tap is outside
 * the image. The stride must be 1. */
function gathered(op: Apply, x: Value, window: SlidingWindow): Value {
  const [n, i, h, w] = sizes(x.shape);
  const [kh, kw] = window.kernel;
  const [yh, yw] = window.size;
  const [top, left] = window.before;
  const outside = i * h * w;
  const indices: number[] = [];
  for (let tap = 0; tap < i * kh * kw; tap++) {
    const channel = Math.floor(tap / (kh * kw));
    const firstRow = (Math.floor(tap / kw) % kh) - top;
    const firstColumn = (tap % kw) - left;
    for (let r = firstRow; r < firstRow + yh; r++) {
      const isRow = r >= 0 && r < h;
      for (let c = firstColumn; c < firstColumn + yw; c++) {
        indices.push(isRow && c >= 0 && c < w ? (channel * h + r) * w + c : outside);
      }
    }
  }
  const columns = op('Transpose', { x: op('Reshape', { x }, { shape: [n, outside] }) }, { order: [1, 0] });
  const zeros = constantLike(x, op, float32([1, n], new Float32Array(n)), 'zeros');
  const cells = op('Gather', { x: op('Concat', [columns, zeros], { axis: 0 }) }, { indices });
  return op('Reshape', { x: cells }, { shape: [i * kh * kw, yh * yw * n] });
}

const isUneven = ({ before, after }: SlidingWindow) => before.some((cells, axis) => cells !== after[axis]);

/** Returns the gradient of the input without padding in the convolution: that of the padded input, less the padding.
 * @param filter [O, I / groups, KH, KW] @param dy [N, O, H', W'] */
function unpaddedInputGradient(
  op: Apply,
  { inputShape, ...attributes }: AttributesOf<'Conv2DBackpropInput'>,
  filter: Value,
  dy: Value,
  { before, after }: SlidingWindow,
): Value {
  const [n, i, ...size] = sizes(inputShape);
  const padded = size.map((cells, axis) => (before[axis] ?? 0) + cells + (after[axis] ?? 0));
  const valid = { ...attributes, padding: 'VALID', inputShape: [n, i, ...padded] } as const;
  const slope = op('Conv2DBackpropInput', { filter, dy }, valid);
  return op(
    'StridedSlice',
    { x: slope },
    { begin: [0, 0, ...before], size: inputShape, strides: [1, 1, 1, 1] },
  );
}

/** Returns the gradient of the input for groups with one input channel and several outputs, as a sum of gradients for groups with one
 * output, or undefined for other groups.
 * @param filter [O, 1, KH, KW] @param dy [N, O, H', W'] */
function depthwiseInputGradient(
  op: Apply,
  attributes: AttributesOf<'Conv2DBackpropInput'>,
  filter: Value,
  dy: Value,
): { readonly y: Value } | undefined {
  const { groups = 1 } = attributes;
  const [outputs, inputs, kh, kw] = sizes(filter.shape);
  const [n, , yh, yw] = sizes(dy.shape);
  const each = outputs / groups;
  if (groups === 1 || inputs > 1 || each === 1) return undefined;
  const parts = Array.from({ length: each }, (_, output) => {
    const filters = { begin: [output, 0, 0, 0], size: [groups, 1, kh, kw], strides: [each, 1, 1, 1] };
    const slopes = { begin: [0, output, 0, 0], size: [n, groups, yh, yw], strides: [1, each, 1, 1] };
    const part = {
      filter: op('StridedSlice', { x: filter }, filters),
      dy: op('StridedSlice', { x: dy }, slopes),
    };
    return op('Conv2DBackpropInput', part, attributes);
  });
  return { y: parts.reduce((a, b) => op('Add', { a, b })) };
}

/** Returns, for each tap in row-major order, the input cells under it as [H'·W'·N, I]. */
function shiftedInputs(op: Apply, x: Value, window: SlidingWindow): readonly Value[] {
  const [n, i] = sizes(x.shape);
  const { kernel, strides, size } = window;
  const [kh, kw] = kernel;
  // If windows do not overlap, the slices together are no larger than x, so each slice is transposed separately.
  const apart = strides.every((stride, axis) => stride > 1 && stride >= (kernel[axis] ?? 1));
  const around = (rows: RowsAndColumns, others: readonly [number, number]) =>
    apart ? [...others, ...rows] : [...rows, ...others];
  const padding = { before: around(window.before, [0, 0]), after: around(window.after, [0, 0]) };
  const image = apart ? x : turned(op, x);
  const isPadded = [...window.before, ...window.after].some((cells) => cells > 0);
  const padded = isPadded ? op('Pad', { x: image }, padding) : image;
  return Array.from({ length: kh * kw }, (_, tap) => {
    const slice = op(
      'StridedSlice',
      { x: padded },
      {
        begin: around([Math.floor(tap / kw), tap % kw], [0, 0]),
        size: around(size, [n, i]),
        strides: around(strides, [1, 1]),
      },
    );
    const rows = { shape: [size[0] * size[1] * n, i] };
    return op('Reshape', { x: apart ? turned(op, slice) : slice }, rows);
  });
}

/** Returns the gradient of the filter [O, I / groups, KH, KW], from the inputs of each tap [M, I] and dy [M, O], with
 * M = H'·W'·N. */
function groupedFilterGradient(
  op: Apply,
  inputs: readonly Value[],
  dy: Value,
  filterShape: Shape,
  groups: number,
): Value {
  const [o, i, kh, kw] = sizes(filterShape);
  const product = i === 1 ? depthwiseProduct : groupedProduct;
  const products = inputs.map((x) => {
    return op('Reshape', { x: product(op, x, dy, groups) }, { shape: [1, groups, i, o / groups] });
  });
  const all = op('Transpose', { x: op('Concat', products, { axis: 0 }) }, { order: [1, 3, 2, 0] });
  return op('Reshape', { x: all }, { shape: [o, i, kh, kw] });
}

/** Computes xᵀ · dy for each group. The result is [groups, I / groups, O / groups]. */
function groupedProduct(op: Apply, x: Value, dy: Value, groups: number): Value {
  const parts = ({ shape: [cells = 0, channels = 0] }: Value) => [cells, groups, channels / groups];
  const a = op('Transpose', { x: op('Reshape', { x }, { shape: parts(x) }) }, { order: [1, 2, 0] });
  const b = op('Transpose', { x: op('Reshape', { x: dy }, { shape: parts(dy) }) }, { order: [1, 0, 2] });
  return op('BatchMatMul', { a, b });
}

/** Computes xᵀ · dy for groups with one input channel, as a sum of elementwise products. The result is [groups, O / groups]. */
function depthwiseProduct(op: Apply, x: Value, dy: Value, groups: number): Value {
  const [cells = 0, outputs = 0] = dy.shape;
  const a = op('Reshape', { x }, { shape: [cells, groups, 1] });
  const b = op('Reshape', { x: dy }, { shape: [cells, groups, outputs / groups] });
  return op('Sum', { x: op('Mul', { a, b }) }, { axes: [0], keepDims: false });
}
