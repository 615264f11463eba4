/**
 * Expresses LRN and LRNGrad in operators that ONNX Runtime computes fast. Its own LRN calls pow for every element (15 ms for
 * [64, 64, 12, 12] on one core), and it has no LRNGrad. The sum over neighboring channels is a product with a banded
 * matrix, and with beta = 3/4, d^beta = √d · √√d.
 *
 *     before  y = LRN(x)                        dx = LRNGrad(x, y, dy)
 *     after   d = bias + x² · band(alpha)       q = dy / d^beta
 *             y = x / d^beta                    dx = q - x · ((q · x / d) · band(2 · alpha · beta))
 *
 * LRN and LRNGrad compute d with equal nodes, which are merged afterwards.
 */
import { GraphError } from '../../../errors.ts';
import type { Node, Value } from '../../../graph/graph.ts';
import type { LrnAttributes } from '../../../graph/signature.ts';
import type { Apply } from '../../../ops/definition.ts';
import { float32, scalar } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { channelRows, fromChannelRows } from './layout.ts';

/** Returns factor · Σ over the window of neighboring channels, for each row of [R, C]. */
function windowSum(op: Apply, rows: Value, depthRadius: number, factor: number): Value {
  const channels = rows.shape[1] ?? 0;
  const near = (a: number, b: number) => (Math.abs(a - b) <= depthRadius ? factor : 0);
  const values = Array.from({ length: channels ** 2 }, (_, i) =>
    near(Math.floor(i / channels), i % channels),
  );
  const b = op('Constant', {}, { value: float32([channels, channels], values) }, 'band');
  return op('MatMul', { a: rows, b }, { transposeA: false, transposeB: false });
}

/** Returns d and d^(3/4), for rows [R, C]. */
function scale(op: Apply, rows: Value, { depthRadius, bias, alpha }: LrnAttributes) {
  const sum = windowSum(op, op('Square', { x: rows }), depthRadius, alpha);
  const d = op('Add', { a: sum, b: op('Constant', {}, { value: scalar(bias) }, 'bias') });
  const root = op('Sqrt', { x: d });
  return { d, power: op('Mul', { a: root, b: op('Sqrt', { x: root }) }) };
}

/** @throws GraphError for an exponent other than the tutorial's 3/4, which is computed with square roots */
function requireBeta({ op, name, attributes: { beta } }: Node<'LRN'> | Node<'LRNGrad'>): void {
  if (beta === 0.75) return;
  throw new GraphError(
    `${op} "${name}": beta is not supported by the ONNX engine: found ${beta}, expected 0.75`,
  );
}

export const expandNormalization: Expansions = {
  LRN: (node, { op }) => {
    requireBeta(node);
    const { inputs, attributes } = node;
    const { x } = inputs;
    const rows = channelRows(op, x);
    const { power } = scale(op, rows, attributes);
    return { y: fromChannelRows(op, op('Div', { a: rows, b: power }), x.shape) };
  },
  LRNGrad: (node, { op }) => {
    requireBeta(node);
    const { inputs, attributes } = node;
    const { x, dy } = inputs;
    const { alpha, beta, depthRadius } = attributes;
    const rows = channelRows(op, x);
    const { d, power } = scale(op, rows, attributes);
    const q = op('Div', { a: channelRows(op, dy), b: power });
    const weighted = op('Div', { a: op('Mul', { a: q, b: rows }), b: d });
    // The band matrix includes the factor. That saves a pass over the elements.
    const correction = op('Mul', { a: rows, b: windowSum(op, weighted, depthRadius, 2 * alpha * beta) });
    return { y: fromChannelRows(op, op('Sub', { a: q, b: correction }), x.shape) };
  },
};
