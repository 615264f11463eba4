/**
 * LRN and LRNGrad in operators that ONNX Runtime computes fast. Its own LRN calls pow for every element (15 ms for
 * [64, 64, 12, 12] on one core) and it has no LRNGrad; the sum over neighbouring channels is a 1×1 convolution with
 * a banded matrix (1.8 ms), and with beta = 3/4, d^beta = √d · √√d.
 *
 *     before  y = LRN(x)                        dx = LRNGrad(x, y, dy)
 *     after   d = bias + alpha · band(x²)       dx = dy / d^beta - 2·alpha·beta · x · band(dy · y / d)
 *             y = x / d^beta
 *
 * Both build d in the same way, so that merging equal nodes afterwards leaves one.
 */
import { GraphError } from '../../errors.ts';
import type { Value } from '../../graph/graph.ts';
import type { LrnAttributes } from '../../graph/signature.ts';
import type { Apply } from '../../ops/definition.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';

/** The filter [C, C, 1, 1] that sums each channel's window of neighbours, times a factor. */
function band(channels: number, depthRadius: number, factor: number): Float32Tensor {
  const near = (a: number, b: number) => (Math.abs(a - b) <= depthRadius ? factor : 0);
  const values = Array.from({ length: channels * channels }, (_, i) =>
    near(Math.floor(i / channels), i % channels),
  );
  return float32([channels, channels, 1, 1], values);
}

/** factor · Σ over neighbouring channels, plus bias if there is one. */
function windowSum(op: Apply, x: Value, depthRadius: number, factor: number, bias?: number): Value {
  const channels = x.shape[1] ?? 0;
  const filter = op('Constant', {}, { value: band(channels, depthRadius, factor) }, 'band');
  if (bias === undefined) return op('Conv2D', { x, filter }, { padding: 'VALID' });
  const biases = op(
    'Constant',
    {},
    { value: float32([channels], new Float32Array(channels).fill(bias)) },
    'bias',
  );
  return op('FusedConv2D', { x, filter, bias: biases }, { padding: 'VALID' });
}

function scale(op: Apply, x: Value, { depthRadius, bias, alpha, beta }: LrnAttributes) {
  if (beta !== 0.75) throw new GraphError(`LRN with beta ${beta} is not written; square roots give 0.75`);
  const d = windowSum(op, op('Square', { x }), depthRadius, alpha, bias);
  const root = op('Sqrt', { x: d });
  return { d, power: op('Mul', { a: root, b: op('Sqrt', { x: root }) }) };
}

export const expandNormalization: Expansions = {
  LRN: ({ inputs: { x }, attributes }, { op }) => ({
    y: op('Div', { a: x, b: scale(op, x, attributes).power }),
  }),
  LRNGrad: ({ inputs: { x, y, dy }, attributes }, { op }) => {
    const { d, power } = scale(op, x, attributes);
    const { alpha, beta, depthRadius } = attributes;
    const weighted = op('Div', { a: op('Mul', { a: dy, b: y }), b: d });
    // The band carries the factor, so that no pass over the elements is spent on it.
    const correction = op('Mul', { a: x, b: windowSum(op, weighted, depthRadius, 2 * alpha * beta) });
    return { y: op('Sub', { a: op('Div', { a: dy, b: power }), b: correction }) };
  },
};
