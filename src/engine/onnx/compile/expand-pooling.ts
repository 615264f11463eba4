/**
 * Expresses max pooling and its gradient in operators that every device of ONNX Runtime supports. MaxPool with its Indices
 * output is slow, and the WebGPU engine rejects it. Therefore the gradient finds the maximum again, by comparison. Images
 * are [H, W, N, C] (`layout.ts`), so that slices and shifts copy large blocks.
 *
 * Pooling is separable: first the maximum of each row of a window is computed, then the maximum of these maxima. The gradient
 * takes these two stages in reverse. At each stage the first of several tied cells receives the whole gradient, so of all tied
 * cells of a window, the first in row-major order receives it.
 *
 *     before  y = MaxPool(x)                 after  m = Maximum over taps c of x[:, c + stride · j]
 *                                                   y = Maximum over taps r of m[r + stride · i, :]
 *
 *     before  dx = MaxPoolGrad(x, y, dy)     after  dm = spread(m, y, dy) along rows
 *                                                   dx = spread(x, m, dm) along columns
 *
 *     spread(x, y, dy): rest = dy; for each tap: taken = rest where x's tap equals y, else 0; rest = rest - taken;
 *     the last tap takes the rest, which is 0 where an earlier tap equals y;
 *     `taken` of tap t belongs at t + stride · j, which is position j + ⌊t / stride⌋ of phase t mod stride.
 */
import type { Value } from '../../../graph/graph.ts';
import type { PoolAttributes } from '../../../graph/signature.ts';
import type { Apply } from '../../../ops/definition.ts';
import { poolWindow } from '../../../ops/pooling.ts';
import { sizes } from '../../../ops/shapes.ts';
import type { Shape } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { turned } from './layout.ts';

/** The windows along one axis of images [H, W, R], with R = N · C: their size, stride and number, and the number of padding
 * cells before the first. */
interface Axis {
  readonly axis: 0 | 1;
  readonly size: number;
  readonly stride: number;
  readonly outputs: number;
  readonly before: number;
}

/** Returns the windows over x [N, C, H, W] along the rows and along the columns. */
function axesOf(x: Shape, attributes: PoolAttributes): readonly [Axis, Axis] {
  const { size, stride } = attributes;
  const window = poolWindow(x, attributes);
  const along = (axis: 0 | 1) => {
    return { axis, size, stride, outputs: window.size[axis], before: window.before[axis] };
  };
  return [along(0), along(1)];
}

export const expandPooling: Expansions = {
  MaxPool: ({ inputs: { x }, attributes, outputs }, { op }) => {
    const [rows, columns] = axesOf(x.shape, attributes);
    const y = largest(op, largest(op, flat(op, x), columns), rows);
    return { y: unflat(op, y, outputs.y.shape) };
  },
  MaxPoolGrad: ({ inputs: { x, y, dy }, attributes }, { op }) => {
    const image = flat(op, x);
    const [rows, columns] = axesOf(x.shape, attributes);
    const inRows = largest(op, image, columns);
    const rowGradient = spread(op, inRows, flat(op, y), flat(op, dy), rows);
    return { y: unflat(op, spread(op, image, inRows, rowGradient, columns), x.shape) };
  },
};

/** Converts images [N, C, H, W] to [H, W, N·C]. */
function flat(op: Apply, x: Value): Value {
  const [n, c, h, w] = sizes(x.shape);
  return op('Reshape', { x: turned(op, x) }, { shape: [h, w, n * c] });
}

function unflat(op: Apply, x: Value, [n = 0, c = 0, h = 0, w = 0]: readonly number[]): Value {
  return turned(op, op('Reshape', { x }, { shape: [h, w, n, c] }));
}

/** Returns the list [0, 0, 0] or [1, 1, 1] with another value at the given axis. */
function atAxis(axis: number, value: number, others: number): readonly number[] {
  return [0, 1, 2].map((position) => (position === axis ? value : others));
}

/**
 * Returns, for each tap of the window, the cells under it, one per output. x is split into phases, each of which is shifted by
 * whole cells. Cells beyond the edge are -∞, so they are never the maximum.
 */
function taps(op: Apply, x: Value, { axis, size, stride, outputs, before }: Axis): readonly Value[] {
  const length = x.shape[axis] ?? 0;
  return Array.from({ length: size }, (_, tap) => {
    // Tap t of output j is the cell j · stride + t - before. `first` is the first such cell inside the image; it
    // belongs to output `skipped`.
    const skipped = Math.max(0, Math.ceil((before - tap) / stride));
    const first = skipped * stride + tap - before;
    const inside = Math.min(outputs - skipped, Math.ceil((length - first) / stride));
    const phase = first % stride;
    const cells = Math.ceil((length - phase) / stride);
    const shape = x.shape.map((count, position) => (position === axis ? cells : count));
    const slice = { begin: atAxis(axis, phase, 0), size: shape, strides: atAxis(axis, stride, 1) };
    const whole = stride === 1 ? x : op('StridedSlice', { x }, slice);
    const start = (first - phase) / stride;
    const cut = {
      before: atAxis(axis, skipped - start, 0),
      after: atAxis(axis, outputs - skipped - inside + start + inside - cells, 0),
    };
    if (cut.before[axis] === 0 && cut.after[axis] === 0) return whole;
    return op('Pad', { x: whole }, { ...cut, value: Number.NEGATIVE_INFINITY });
  });
}

/** Returns the largest cell of each window along the axis. */
function largest(op: Apply, x: Value, axis: Axis): Value {
  return taps(op, x, axis).reduce((a, b) => op('Maximum', { a, b }));
}

/** Returns the gradient of `largest`: dy at the first of the largest cells of each window, summed over the windows. */
function spread(op: Apply, x: Value, y: Value, dy: Value, window: Axis): Value {
  const { axis, size, stride, outputs, before } = window;
  const length = x.shape[axis] ?? 0;
  let rest = dy;
  const cells = Math.ceil((length + before) / stride);
  const phases: Value[][] = Array.from({ length: stride }, () => []);
  const takenBy = (cell: Value) => {
    const wins = op('GreaterEqual', { a: cell, b: y }); // in effect Equal, because no cell is greater than y
    return op('Mul', { a: rest, b: wins });
  };
  for (const [tap, cell] of taps(op, x, window).entries()) {
    const taken = tap === size - 1 ? rest : takenBy(cell);
    if (tap < size - 1) rest = op('Sub', { a: rest, b: taken });
    const shift = Math.floor(tap / stride);
    const place = { before: atAxis(axis, shift, 0), after: atAxis(axis, cells - outputs - shift, 0) };
    const unmoved = shift === 0 && cells === outputs;
    phases[tap % stride]?.push(unmoved ? taken : op('Pad', { x: taken }, place));
  }
  const sums = phases.map((parts) =>
    parts.length === 0 ? undefined : parts.reduce((a, b) => op('Add', { a, b })),
  );
  return interleave(op, sums, x, before, cells, axis);
}

/** Interleaves the phases along the axis and removes the padding. */
function interleave(
  op: Apply,
  phases: readonly (Value | undefined)[],
  x: Value,
  before: number,
  cells: number,
  axis: number,
): Value {
  const [h = 0, w = 0, rest = 0] = x.shape;
  const some = phases.find((phase) => phase !== undefined) ?? x;
  const split = axis === 0 ? [cells, 1, w, rest] : [h, cells, 1, rest];
  // If the window is smaller than the stride, no tap reaches some of the phases. These phases are zeros.
  const parts = phases.map((phase) =>
    op('Reshape', { x: phase ?? op('Sub', { a: some, b: some }) }, { shape: split }),
  );
  const joined = parts.length === 1 ? (parts[0] ?? x) : op('Concat', parts, { axis: axis + 1 });
  const length = cells * phases.length;
  const whole = op('Reshape', { x: joined }, { shape: axis === 0 ? [length, w, rest] : [h, length, rest] });
  const after = (x.shape[axis] ?? 0) + before - length;
  if (before === 0 && after === 0) return whole;
  return op('Pad', { x: whole }, { before: atAxis(axis, -before, 0), after: atAxis(axis, after, 0) });
}
