/**
 * The layout of images in the ONNX engine: rows, columns, images, channels, which is [H, W, N, C]. In this layout a spatial
 * shift is a copy of large blocks, and an operation on channels is a product of two matrices, [H·W·N, C] and [C, …]. ONNX
 * Runtime is fast at both. Every expansion of an operator on images transposes its operands to this layout and its result
 * back. `cancel-transposes` removes adjacent transpositions that cancel each other.
 */
import type { Value } from '../../../graph/graph.ts';
import type { Apply } from '../../../ops/definition.ts';
import { sizes } from '../../../ops/shapes.ts';

/** The permutation from [N, C, H, W] to [H, W, N, C]. It is its own inverse, so it also converts back. */
export const turn = [2, 3, 0, 1] as const;

/** Transposes [N, C, H, W] to [H, W, N, C], or back. */
export function turned(op: Apply, x: Value): Value {
  return op('Transpose', { x }, { order: turn });
}

/** Converts images [N, C, H, W] to rows [H·W·N, C]. */
export function channelRows(op: Apply, x: Value): Value {
  const [n, c, h, w] = sizes(x.shape);
  return op('Reshape', { x: turned(op, x) }, { shape: [h * w * n, c] });
}

/** Converts rows [H·W·N, C] to images [N, C, H, W]. */
export function fromChannelRows(op: Apply, rows: Value, shape: readonly number[]): Value {
  const [n, c, h, w] = sizes(shape);
  return turned(op, op('Reshape', { x: rows }, { shape: [h, w, n, c] }));
}
