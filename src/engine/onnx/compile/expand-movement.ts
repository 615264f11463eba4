/**
 * Expresses operators that move elements, but do not exist in ONNX, in terms of ONNX's operators.
 *
 *     before  dx = StridedSliceGrad(dy)
 *     after   dx = Pad(dy with stride - 1 zeros after each element along an axis)
 *                  by the number of elements that the slice skipped at both ends of the axis
 */
import type { Value } from '../../../graph/graph.ts';
import type { Apply } from '../../../ops/definition.ts';
import type { Expansions } from './expand.ts';

export const expandMovement: Expansions = {
  StridedSliceGrad: ({ inputs: { dy }, attributes: { begin, strides, inputShape } }, { op }) => {
    const spread = withGaps(op, dy, strides);
    const after = inputShape.map((length, axis) => length - (begin[axis] ?? 0) - (spread.shape[axis] ?? 0));
    const isWhole = [...begin, ...after].every((count) => count === 0);
    return { y: isWhole ? spread : op('Pad', { x: spread }, { before: begin, after }) };
  },
};

/** Inserts `strides[axis] - 1` zeros after every element along each axis, by padding a new inner axis of size 1. */
function withGaps(op: Apply, x: Value, strides: readonly number[]): Value {
  if (strides.every((stride) => stride === 1)) return x;
  const apart = x.shape.flatMap((length, axis) => (strides[axis] === 1 ? [length] : [length, 1]));
  const after = strides.flatMap((stride) => (stride === 1 ? [0] : [0, stride - 1]));
  const before = after.map(() => 0);
  const padded = op('Pad', { x: op('Reshape', { x }, { shape: apart }) }, { before, after });
  return op(
    'Reshape',
    { x: padded },
    { shape: x.shape.map((length, axis) => length * (strides[axis] ?? 1)) },
  );
}
