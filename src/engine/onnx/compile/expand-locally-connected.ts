/**
 * Locally connected operators and their gradients as products of batches of matrices (`ops/locally-connected.ts` has the
 * formulas and the meaning of patches, reached and readers). Cells are [H·W, C·N], so gathering the cells
 * that a window covers copies whole rows.
 *
 *     before  y = LocallyConnected2D(x [N, I, H, W], filter [H', W', O, KH, KW, I])
 *     after   patches = Gather(cells of x, under every tap of every output cell) [p, t·I, N]
 *             y = filter [p, O, t·I] · patches [p, O, N]
 *
 *     before  dfilter = LocallyConnected2DBackpropFilter(x, dy)
 *     after   dfilter = dy [p, O, N] · patchesᵀ [p, N, t·I]
 *
 *     before  dx = LocallyConnected2DBackpropInput(filter, dy)
 *     after   reached = Gather(cells of dy) [q, t·O, N], readers = Gather(filter) [q, t·O, I]
 *             dx = readersᵀ · reached [q, I, N]
 */
import type { Value } from '../../../graph/graph.ts';
import type { RowsAndColumns } from '../../../graph/signature.ts';
import type { Apply } from '../../../ops/definition.ts';
import { localWindow } from '../../../ops/locally-connected.ts';
import { axesOf, type SlidingWindow, sizes } from '../../../ops/shapes.ts';
import { type Shape, sizeOf } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { turned } from './layout.ts';

export const expandLocallyConnected: Expansions = {
  LocallyConnected2D: ({ inputs: { x, filter }, attributes, outputs: { y } }, { op }) => {
    const [, o, rows, columns] = sizes(y.shape);
    const a = op('Reshape', { x: filter }, { shape: [rows * columns, o, sizeOf(filter.shape.slice(3))] });
    const b = patches(op, x, localWindow(x.shape, filter.shape, attributes));
    return { y: images(op, op('BatchMatMul', { a, b }), y.shape) };
  },

  LocallyConnected2DBackpropInput: ({ inputs: { filter, dy }, attributes }, { op }) => {
    const { inputShape } = attributes;
    const [n, o] = sizes(dy.shape);
    const [, , h, w] = sizes(inputShape);
    const [, , , kh = 1, kw = 1, i = 1] = filter.shape;
    const taps = kh * kw;
    const outputs = outputsReading(inputShape, localWindow(inputShape, filter.shape, attributes));
    const reached = gatherCells(op, cells(op, dy), outputs);
    const b = op('Reshape', { x: reached }, { shape: [h * w, taps * o, n] });
    // Where a tap reaches no output cell, `reached` is zero, so any filter can be used.
    const indices = outputs.flatMap((output, index) => {
      const first = Math.max(0, output) * o * taps + (index % taps);
      return Array.from({ length: o }, (_, channel) => first + channel * taps);
    });
    const ofTaps = op('Reshape', { x: filter }, { shape: [sizeOf(filter.shape) / i, i] });
    const shape = [h * w, taps * o, i];
    const readers = op('Reshape', { x: op('Gather', { x: ofTaps }, { indices }) }, { shape });
    return { y: images(op, op('BatchMatMul', { a: swapped(op, readers), b }), inputShape) };
  },

  LocallyConnected2DBackpropFilter: ({ inputs: { x, dy }, attributes }, { op }) => {
    const { filterShape } = attributes;
    const [n, o, rows, columns] = sizes(dy.shape);
    const a = op('Reshape', { x: cells(op, dy) }, { shape: [rows * columns, o, n] });
    const b = swapped(op, patches(op, x, localWindow(x.shape, filterShape, attributes)));
    return { y: op('Reshape', { x: op('BatchMatMul', { a, b }) }, { shape: filterShape }) };
  },
};

/** Converts images [N, C, H, W] to cells [H·W, C·N]. */
function cells(op: Apply, x: Value): Value {
  const [n, c, h, w] = sizes(x.shape);
  return op('Reshape', { x: swapped(op, turned(op, x)) }, { shape: [h * w, c * n] });
}

/** Converts cells [H·W, C, N] to images [N, C, H, W]. */
function images(op: Apply, rows: Value, shape: Shape): Value {
  const [n, c, h, w] = sizes(shape);
  return turned(op, swapped(op, op('Reshape', { x: rows }, { shape: [h, w, c, n] })));
}

/** Transposes the last two axes. */
function swapped(op: Apply, x: Value): Value {
  const last = x.shape.length - 1;
  return op('Transpose', { x }, { order: [...axesOf(x.shape).slice(0, -2), last, last - 1] });
}

function patches(op: Apply, x: Value, window: SlidingWindow): Value {
  const [n, i] = sizes(x.shape);
  const [rows, columns] = window.size;
  const [kh, kw] = window.kernel;
  const gathered = gatherCells(op, cells(op, x), inputsUnderTaps(x.shape, window));
  return op('Reshape', { x: gathered }, { shape: [rows * columns, kh * kw * i, n] });
}

/** Returns the cells at the given indices, with zeros where an index is `outside`. */
function gatherCells(op: Apply, x: Value, indices: readonly number[]): Value {
  const [count = 0] = x.shape;
  if (!indices.includes(outside)) return op('Gather', { x }, { indices });
  const all = op('Pad', { x }, { before: [0, 0], after: [1, 0] });
  return op('Gather', { x: all }, { indices: indices.map((index) => (index === outside ? count : index)) });
}

const outside = -1;

/** Returns, for every output cell and tap, the index of the input cell under that tap. */
function inputsUnderTaps(
  [, , h = 0, w = 0]: Shape,
  { size, kernel, strides, before }: SlidingWindow,
): readonly number[] {
  const along = (axis: 0 | 1, length: number) => (output: number, tap: number) => {
    const input = output * strides[axis] + tap - before[axis];
    return input < length ? input : outside;
  };
  return pairs(size, kernel, along(0, h), along(1, w), w);
}

/** Returns, for every input cell and tap, the index of the output cell that reads it through that tap. */
function outputsReading(
  [, , h = 0, w = 0]: Shape,
  { size, kernel, strides, before }: SlidingWindow,
): readonly number[] {
  const along = (axis: 0 | 1) => (input: number, tap: number) => {
    const output = (input + before[axis] - tap) / strides[axis];
    return Number.isInteger(output) && output < size[axis] ? output : outside;
  };
  return pairs([h, w], kernel, along(0), along(1), size[1]);
}

type Along = (cell: number, tap: number) => number;

/** Returns, for every cell and tap, the index of another cell in rows of `width` cells, or `outside` if a coordinate is
 * negative. */
function pairs(
  [h, w]: RowsAndColumns,
  [kh, kw]: RowsAndColumns,
  rowOf: Along,
  columnOf: Along,
  width: number,
): readonly number[] {
  return Array.from({ length: h * w * kh * kw }, (_, index) => {
    const [cell, tap] = [Math.floor(index / (kh * kw)), index % (kh * kw)];
    const row = rowOf(Math.floor(cell / w), Math.floor(tap / kw));
    const column = columnOf(cell % w, tap % kw);
    return row < 0 || column < 0 ? outside : row * width + column;
  });
}
