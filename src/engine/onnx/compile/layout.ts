/**
 * The order in which the ONNX engine keeps images: rows, columns, images, channels, [H, W, N, C]. A spatial shift is
 * then a copy of large blocks, and what works on channels is a product of two matrices, [H·W·N, C] and [C, …]: both
 * are what ONNX Runtime does best. Every expansion of an operator on images turns its operands into this order and its
 * result back; `cancel-transposes` removes the turns that meet.
 */
import type { Value } from '../../../graph/graph.ts';
import type { Apply } from '../../../ops/definition.ts';
import { sizes } from '../../../ops/shapes.ts';

/** From [N, C, H, W] to [H, W, N, C], and from there back: it undoes itself. */
export const turn = [2, 3, 0, 1] as const;

/** [N, C, H, W] → [H, W, N, C], or back. */
export function turned(op: Apply, x: Value): Value {
  return op('Transpose', { x }, { order: turn });
}

/** [N, C, H, W] → [H·W·N, C]. */
export function channelRows(op: Apply, x: Value): Value {
  const [n, c, h, w] = sizes(x.shape);
  return op('Reshape', { x: turned(op, x) }, { shape: [h * w * n, c] });
}

/** [H·W·N, C] → [N, C, H, W]. */
export function fromChannelRows(op: Apply, rows: Value, shape: readonly number[]): Value {
  const [n, c, h, w] = sizes(shape);
  return turned(op, op('Reshape', { x: rows }, { shape: [h, w, n, c] }));
}
