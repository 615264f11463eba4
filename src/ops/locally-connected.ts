/**
 * Locally connected operators: convolutions whose filters are not shared between positions, like the `local`
 * layers of cuda-convnet.
 *
 * With x [N, I, H, W], filter [H', W', O, KH, KW, I], y [N, O, H', W'] and strides (sr, sc),
 *   y[n, o, r, c] = Σ_{kr, kc, i} x[n, i, r · sr + kr - top, c · sc + kc - left] · filter[r, c, o, kr, kc, i].
 *
 * The filters of a position are a matrix [O, KH·KW·I], so one batched matrix product computes all positions. That is why
 * I is the last axis of the filter. Below, p = H'·W' output cells, q = H·W input cells, t = KH·KW taps:
 *
 *     patches [p, t·I, N]   the input cell under every tap of every output cell, 0 outside the image
 *     reached [q, t·O, N]   for every input cell and tap, the gradient of the output cell that reads the input cell through
 *                           that tap, 0 if there is none
 *     readers [q, t·O, I]   the filter of that output cell and tap
 *
 *     y [p, O, N] = filter · patches        dfilter = dy · patchesᵀ        dx [q, I, N] = readersᵀ · reached
 *
 * As with convolution, the operator and its gradients are each other's gradients, with the same padding and strides.
 */
import { GraphError } from '../errors.ts';
import type { LocalAttributes, RowsAndColumns } from '../graph/signature.ts';
import { describeType, float32, type Shape, sameShape, sizeOf, type TensorType } from '../tensor/tensor.ts';
import type { OpDefinition } from './definition.ts';
import { type Piece, type PrimitiveContext, partOf, plain, type Slot, type View } from './primitives.ts';
import { like, requireFloats, requireSameDtype, type SlidingWindow, sizes, slidingWindow } from './shapes.ts';

/** Returns the filter [H', W', O, KH, KW, I] as a window sliding over x [N, I, H, W].
 * @throws GraphError when strides or padding are out of range, or the filter is larger than the padded image */
export function localWindow(x: Shape, filter: Shape, attributes: LocalAttributes): SlidingWindow {
  const [, , , kh = 0, kw = 0] = filter;
  return slidingWindow(x, [kh, kw], attributes);
}

function outputShape(x: TensorType, filter: TensorType, attributes: LocalAttributes): Shape {
  requireFloats('x', x, 'N, I, H, W');
  requireFloats('filter', filter, "H', W', O, KH, KW, I");
  requireSameDtype('x and filter', x, filter);
  const [[n, i], [rows, columns, o]] = [sizes(x.shape), sizes(filter.shape)];
  const { size } = localWindow(x.shape, filter.shape, attributes);
  const text = `filter [${filter.shape.join(', ')}]`;
  if (filter.shape[5] !== i) {
    throw new GraphError(
      `${text} expects ${filter.shape[5]} input channels, but x [${x.shape.join(', ')}] has ${i}`,
    );
  }
  if (size[0] !== rows || size[1] !== columns) {
    throw new GraphError(`${text} has ${rows}×${columns} positions, but its window has ${size.join('×')}`);
  }
  return [n, o, rows, columns];
}

function requireOutput(x: TensorType, filter: TensorType, dy: TensorType, attributes: LocalAttributes): void {
  const expected = outputShape(x, filter, attributes);
  if (dy.dtype === x.dtype && sameShape(expected, dy.shape)) return;
  throw new GraphError(`dy ${describeType(dy)} must have the output shape [${expected.join(', ')}]`);
}

const multiplyAdds = (filter: Shape, images: number) => sizeOf(filter) * images;

export const locallyConnected2D: OpDefinition<'LocallyConnected2D'> = {
  infer: ({ x, filter }, attributes) => ({ y: like(x, outputShape(x, filter, attributes)) }),
  gradient: {
    x: ({ op, inputs: { x, filter }, attributes, dy }) =>
      op('LocallyConnected2DBackpropInput', { filter, dy }, { ...attributes, inputShape: x.shape }),
    filter: ({ op, inputs: { x, filter }, attributes, dy }) =>
      op('LocallyConnected2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
  },
  float16: 'operands',
  onnx: { expandedBy: 'engine/onnx/compile/expand-locally-connected' },
  onednn: (context) => {
    const { inputs, outputTypes, attributes, call, alias } = context;
    const { x, filter } = inputs;
    const [n, o, rows, columns] = sizes(outputTypes.y.shape);
    const weights = patches(context, x, localWindow(x.dims, filter.dims, attributes));
    const src = alias(filter, [rows * columns, o, sizeOf(filter.dims.slice(3))]);
    return {
      y: images(context, call('matmul', { src, weights }, [rows * columns, o, n]), outputTypes.y.shape),
    };
  },
  multiplyAdds: ({ x, filter }) => multiplyAdds(filter.shape, x.shape[0] ?? 1),
};

export const locallyConnected2DBackpropInput: OpDefinition<'LocallyConnected2DBackpropInput'> = {
  infer: ({ filter, dy }, { inputShape, ...attributes }) => {
    const x = like(filter, inputShape);
    requireOutput(x, filter, dy, attributes);
    return { y: x };
  },
  gradient: {
    filter: ({ op, inputs: { filter, dy: outer }, attributes: { inputShape, ...attributes }, dy }) =>
      op(
        'LocallyConnected2DBackpropFilter',
        { x: dy, dy: outer },
        { ...attributes, filterShape: filter.shape },
      ),
    dy: ({ op, inputs: { filter }, attributes: { inputShape, ...attributes }, dy }) =>
      op('LocallyConnected2D', { x: dy, filter }, attributes),
  },
  float16: 'operands',
  onnx: { expandedBy: 'engine/onnx/compile/expand-locally-connected' },
  onednn: (context) => {
    const { inputs, attributes, call } = context;
    const { filter, dy } = inputs;
    const { inputShape } = attributes;
    const [n, i, h, w] = sizes(inputShape);
    const window = localWindow(inputShape, filter.dims, attributes);
    const reads = {
      src: readers(context, filter, inputShape, window),
      weights: reached(context, dy, inputShape, window),
    };
    const dx = call('matmul', reads, [h * w, i, n], { transposed: ['src'] });
    return { y: images(context, dx, inputShape) };
  },
  multiplyAdds: ({ filter, dy }) => multiplyAdds(filter.shape, dy.shape[0] ?? 1),
};

export const locallyConnected2DBackpropFilter: OpDefinition<'LocallyConnected2DBackpropFilter'> = {
  infer: ({ x, dy }, { filterShape, ...attributes }) => {
    const filter = like(x, filterShape);
    requireOutput(x, filter, dy, attributes);
    return { y: filter };
  },
  gradient: {
    x: ({ op, inputs: { x, dy: outer }, attributes: { filterShape, ...attributes }, dy }) =>
      op(
        'LocallyConnected2DBackpropInput',
        { filter: dy, dy: outer },
        { ...attributes, inputShape: x.shape },
      ),
    dy: ({ op, inputs: { x }, attributes: { filterShape, ...attributes }, dy }) =>
      op('LocallyConnected2D', { x, filter: dy }, attributes),
  },
  float16: 'operands',
  onnx: { expandedBy: 'engine/onnx/compile/expand-locally-connected' },
  onednn: (context) => {
    const { inputs, attributes, call, alias } = context;
    const { x, dy } = inputs;
    const { filterShape } = attributes;
    const [n, o, rows, columns] = sizes(dy.dims);
    const src = alias(cells(context, dy, dense), [rows * columns, o, n]);
    const weights = patches(context, x, localWindow(x.dims, filterShape, attributes));
    const dims = [rows * columns, o, sizeOf(filterShape.slice(3))];
    return { y: alias(call('matmul', { src, weights }, dims, { transposed: ['weights'] }), filterShape) };
  },
  multiplyAdds: ({ x }, { y }) => multiplyAdds(y.shape, x.shape[0] ?? 1),
};

/** How the cells of an image are placed: the distance in rows and columns from one cell to the next, and the number of zeros
 * before the first cell and after the last. */
type Spacing = Pick<SlidingWindow, 'strides' | 'before' | 'after'>;

const dense: Spacing = { strides: [1, 1], before: [0, 0], after: [0, 0] };

/** Converts images [N, C, H, W] to cells [H'', W'', C, N], with zeros between and around them. */
function cells(context: PrimitiveContext, x: Slot, { strides, before, after }: Spacing): Slot {
  const [n, c, h, w] = sizes(x.dims);
  const length = (axis: 0 | 1, count: number) => before[axis] + (count - 1) * strides[axis] + 1 + after[axis];
  const dims = [length(0, h), length(1, w), c, n];
  const source = plain(context, x);
  const from = { offset: 0, strides: [w, 1, h * w, c * h * w], dims: [h, w, c, n] };
  if (sameShape(dims, from.dims)) return context.call('copy', {}, dims, { pieces: [{ source, from }] });
  const to = partOf(dims, { begin: [...before, 0, 0], strides: [...strides, 1, 1], size: from.dims });
  return context.call('copy', {}, dims, { pieces: [zeros(context, dims), { source, from, to }] });
}

/** Converts cells [H·W, C, N] to images [N, C, H, W]. */
function images({ call }: PrimitiveContext, source: Slot, shape: Shape): Slot {
  const [n, c, , w] = sizes(shape);
  const from = { offset: 0, strides: [1, n, w * c * n, c * n], dims: shape };
  return call('copy', {}, shape, { pieces: [{ source, from }] });
}

/** Returns, for every position of a window, the cells of `source` [R, S, C, N] that are under its taps: [p, t·C, N].
 * @param at returns the cell that is under a tap when the window is at its first position */
function underTaps(
  { alias, call }: PrimitiveContext,
  source: Slot,
  { kernel, strides, size }: Pick<SlidingWindow, 'kernel' | 'strides' | 'size'>,
  at: (tap: RowsAndColumns) => RowsAndColumns,
): Slot {
  const [rows, columns, c, n] = sizes(source.dims);
  const taps = tapsOf(kernel);
  const block = c * n;
  const from = [rows, columns, 1, block];
  const to = [...size, taps.length, block];
  const pieces = taps.map((tap, index): Piece => {
    const one = [...size, 1, block];
    return {
      source,
      from: partOf(from, { begin: [...at(tap), 0, 0], strides: [...strides, 1, 1], size: one }),
      to: partOf(to, { begin: [0, 0, index, 0], size: one }),
    };
  });
  return alias(call('copy', {}, to, { pieces }), [size[0] * size[1], taps.length * c, n]);
}

function patches(context: PrimitiveContext, x: Slot, window: SlidingWindow): Slot {
  return underTaps(context, cells(context, x, { ...window, strides: [1, 1] }), window, (tap) => tap);
}

/** Returns `reached` (see the top of this file). Row r of dx is a sum over the taps k. Tap k contributes from row
 * (r + top - k) / stride of dy if that is a whole number. */
function reached(context: PrimitiveContext, dy: Slot, inputShape: Shape, window: SlidingWindow): Slot {
  const { kernel, strides, before: padding, size: count } = window;
  const [, , ...size] = sizes(inputShape);
  const around = (axis: 0 | 1) => {
    const before = kernel[axis] - 1 - padding[axis];
    const after = size[axis] - 1 + padding[axis] - (count[axis] - 1) * strides[axis];
    return { before: Math.max(0, before), after: Math.max(0, after), skipped: Math.max(0, -before) };
  };
  const [rows, columns] = [around(0), around(1)];
  const spacing = {
    strides,
    before: [rows.before, columns.before],
    after: [rows.after, columns.after],
  } as const;
  return underTaps(
    context,
    cells(context, dy, spacing),
    { kernel, strides: [1, 1], size },
    ([row, column]) => [kernel[0] - 1 - row + rows.skipped, kernel[1] - 1 - column + columns.skipped],
  );
}

function readers(context: PrimitiveContext, filter: Slot, inputShape: Shape, window: SlidingWindow): Slot {
  const [, , h, w] = sizes(inputShape);
  const [, , o = 1, , , i = 1] = filter.dims;
  const { kernel } = window;
  const taps = tapsOf(kernel);
  const dims = [h, w, taps.length, o, i];
  const pieces = taps.flatMap(([row, column], index): readonly Piece[] => {
    const [rows, columns] = [readAlong(window, 0, h, row), readAlong(window, 1, w, column)];
    if (rows.count === 0 || columns.count === 0) return [];
    const from = partOf(filter.dims, {
      begin: [rows.output, columns.output, 0, row, column, 0],
      size: [rows.count, columns.count, o, 1, 1, i],
    });
    const to = partOf(dims, {
      begin: [rows.input, columns.input, index, 0, 0],
      strides: [...window.strides, 1, 1, 1],
      size: [rows.count, columns.count, 1, o, i],
    });
    return [{ source: plain(context, filter), from: withoutAxes(from, [3, 4]), to: withoutAxes(to, [2]) }];
  });
  const filled = context.call('copy', {}, dims, { pieces: [zeros(context, dims), ...pieces] });
  return context.alias(filled, [h * w, taps.length * o, i]);
}

/** Describes the output cells along an axis that read an input cell through a tap: `output` is the first of them, `input` the
 * cell that it reads, and `count` their number. */
function readAlong({ strides, before, size }: SlidingWindow, axis: 0 | 1, length: number, tap: number) {
  const [stride, shift] = [strides[axis], tap - before[axis]];
  const output = Math.max(0, Math.ceil(-shift / stride));
  const last = Math.min(size[axis] - 1, Math.floor((length - 1 - shift) / stride));
  return { output, input: output * stride + shift, count: Math.max(0, last - output + 1) };
}

function tapsOf([rows, columns]: RowsAndColumns): readonly RowsAndColumns[] {
  return Array.from(
    { length: rows * columns },
    (_, tap) => [Math.floor(tap / columns), tap % columns] as const,
  );
}

function zeros({ constant }: PrimitiveContext, dims: Shape): Piece {
  return { source: constant(float32(dims, new Float32Array(sizeOf(dims)))) };
}

function withoutAxes({ offset, strides, dims }: View, axes: readonly number[]): View {
  const kept = (list: Shape) => list.filter((_, axis) => !axes.includes(axis));
  return { offset, strides: kept(strides), dims: kept(dims) };
}
