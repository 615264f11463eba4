/**
 * MaxPoolGrad in operators that every device of ONNX Runtime has. MaxPool with its Indices output is slow and the
 * WebGPU engine refuses it, so the winner is found again by comparison.
 *
 *     before  dx = MaxPoolGrad(x, y, dy)
 *     after   rest = dy; for each cell of the window, row by row:
 *                 taken = rest where x's cell equals y, else 0;  rest = rest - taken
 *             dx = the sum of what every cell took, at its place
 *
 * So the first of tied cells takes all, and nothing remains for those after it. A window's cell (r, c) lies at
 * (stride · i + r, stride · j + c): what it took belongs to phase (r mod stride, c mod stride) of dx. Phases are
 * summed each for itself and interleaved at the end. Channels stand innermost meanwhile, [N, H, W, C], so that
 * slices copy whole rows.
 */
import type { Value } from '../../graph/graph.ts';
import type { Apply } from '../../ops/definition.ts';
import { sizes, slide } from '../../ops/shapes.ts';
import { type Shape, scalar } from '../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';

const channelsLast = [0, 2, 3, 1];
const channelsSecond = [0, 3, 1, 2];

export const expandPooling: Expansions = {
  MaxPoolGrad: ({ inputs: { x, y, dy }, attributes: { size, stride, padding } }, { op }) => {
    const [n, c, h, w] = sizes(x.shape);
    const [rows, columns] = [slide(h, size, stride, padding), slide(w, size, stride, padding)];
    const beyond = Math.floor((size - 1) / stride);
    const grid = [n, rows.size + beyond, columns.size + beyond, c];
    const [, gridRows, gridColumns] = sizes(grid);
    const last = (value: Value) => op('Transpose', { x: value }, { order: channelsLast });
    const cells = op(
      'Pad',
      { x: last(x) },
      {
        before: [0, rows.before, columns.before, 0],
        after: [0, gridRows * stride - h - rows.before, gridColumns * stride - w - columns.before, 0],
        value: Number.NEGATIVE_INFINITY,
      },
    );
    const phases = takenByPhase(op, cells, last(y), last(dy), size, stride);
    const whole = interleave(
      op,
      phases.map((taken) => sumShifted(op, taken, grid)),
      grid,
      stride,
    );
    const inside = { begin: [0, rows.before, columns.before, 0], size: [n, h, w, c], strides: [1, 1, 1, 1] };
    return { y: op('Transpose', { x: op('StridedSlice', { x: whole }, inside) }, { order: channelsSecond }) };
  },
};

/** What one window cell took, and by how many grid cells it lies behind the window's first. */
interface Taken {
  readonly value: Value;
  readonly shift: readonly [number, number];
}

/** What the window's cells took, by phase of dx, row by row. */
function takenByPhase(op: Apply, cells: Value, y: Value, dy: Value, size: number, stride: number) {
  const phases = Array.from({ length: stride * stride }, (): Taken[] => []);
  let rest = dy;
  for (let cell = 0; cell < size * size; cell++) {
    const [r, c] = [Math.floor(cell / size), cell % size];
    const strides = [1, stride, stride, 1];
    const x = op('StridedSlice', { x: cells }, { begin: [0, r, c, 0], size: y.shape, strides });
    const wins = op('Cast', { x: op('Equal', { a: x, b: y }) }, { dtype: 'float32' });
    const value = op('Mul', { a: rest, b: wins });
    if (cell < size * size - 1) rest = op('Sub', { a: rest, b: value });
    const shift = [Math.floor(r / stride), Math.floor(c / stride)] as const;
    phases[(r % stride) * stride + (c % stride)]?.push({ value, shift });
  }
  return phases;
}

/** The sum of a phase's contributions, each at its place in the grid [N, rows, columns, C]. */
function sumShifted(op: Apply, taken: readonly Taken[], grid: Shape): Value {
  const placed = taken.map(({ value, shift: [down, right] }) => {
    const before = [0, down, right, 0];
    const after = grid.map((length, axis) => length - (value.shape[axis] ?? 0) - (before[axis] ?? 0));
    return op('Pad', { x: value }, { before, after });
  });
  const zero = () => op('BroadcastTo', { x: op('Constant', {}, { value: scalar(0) }) }, { shape: grid });
  return placed.length === 0 ? zero() : placed.reduce((a, b) => op('Add', { a, b }));
}

/** Puts the phases [N, R, S, C] between each other: [N, R·stride, S·stride, C]. */
function interleave(op: Apply, phases: readonly Value[], grid: Shape, stride: number): Value {
  const [n, rows, columns, c] = sizes(grid);
  const lines = Array.from({ length: stride }, (_, row) => {
    const line = op('Concat', phases.slice(row * stride, (row + 1) * stride), { axis: 3 });
    return op('Reshape', { x: line }, { shape: [n, rows, columns * stride * c] });
  });
  return op(
    'Reshape',
    { x: op('Concat', lines, { axis: 2 }) },
    { shape: [n, rows * stride, columns * stride, c] },
  );
}
