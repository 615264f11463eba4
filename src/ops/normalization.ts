/**
 * Local response normalization across channels: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep
 * Convolutional Neural Networks", NIPS 2012, section 3.3. As in TensorFlow, alpha is not divided by the length of the window:
 *   d = bias + alpha · Σ_window x²,  y = x · d^-beta.
 */
import type { LrnAttributes } from '../graph/signature.ts';
import { float32 } from '../tensor/tensor.ts';
import type { OpDefinition } from './definition.ts';
import { binary, type PrimitiveContext, type Slot, unary } from './primitives.ts';
import { float32Type, requireSame, requireType } from './shapes.ts';

/** x and y are [N, C, H, W]. */
export const lrn: OpDefinition<'LRN'> = {
  infer: ({ x }) => {
    requireType('x', x, 'float32', 'N, C, H, W');
    return { y: float32Type(x.shape) };
  },
  gradient: {
    x: ({ op, inputs: { x }, attributes, outputs: { y }, dy }) => op('LRNGrad', { x, y, dy }, attributes),
  },
  float16: 'rounds',
  // ONNX divides alpha by the length of the window.
  onnx: ({ inputs: { x }, attributes: { depthRadius, bias, alpha, beta }, emit }) => {
    const size = 2 * depthRadius + 1;
    const numbers = { alpha: { float: alpha * size }, beta: { float: beta }, bias: { float: bias } };
    return { y: emit('LRN', [x], { size: { int: size }, ...numbers }) };
  },
  onednn: (context) => {
    const { x } = context.inputs;
    const { power } = scale(context, x, context.attributes);
    return { y: binary(context, 'div', x, power, x.dims) };
  },
};

/** dx = dy · d^-beta - 2 · alpha · beta · x · Σ_window (dy · y / d). */
export const lrnGrad: OpDefinition<'LRNGrad'> = {
  infer: ({ x, y, dy }) => {
    requireType('x', x, 'float32', 'N, C, H, W');
    requireSame('x and y', x, y);
    requireSame('y and dy', y, dy);
    return { y: float32Type(x.shape) };
  },
  gradient: { notDifferentiable: 'second derivatives of local response normalization are not implemented' },
  float16: 'rounds',
  onnx: { expandedBy: 'engine/onnx/compile/expand-normalization' },
  // This form of the formula, ((x · Σ) · d^beta - dy) / -d^beta, is one chain of elementwise functions, so it takes a
  // single pass over memory.
  onednn: (context) => {
    const { x, y, dy } = context.inputs;
    const { alpha, beta, depthRadius } = context.attributes;
    const of = (name: 'mul' | 'div' | 'sub', a: Slot, b: Slot) => binary(context, name, a, b, x.dims);
    const { d, power } = scale(context, x, context.attributes);
    const sum = windowSum(context, of('div', of('mul', dy, y), d), depthRadius, 2 * alpha * beta);
    const negative = of('sub', of('mul', of('mul', x, sum), power), dy);
    return { y: unary(context, 'linear', of('div', negative, power), -1) };
  },
};

/** Computes factor · Σ src over the window of neighboring channels, as a 1×1 convolution with a banded matrix, because oneDNN's
 * own LRN is only fast for windows of 5 channels. */
function windowSum(
  { constant, call }: PrimitiveContext,
  src: Slot,
  depthRadius: number,
  factor: number,
): Slot {
  const channels = src.dims[1] ?? 1;
  const near = (i: number) => Math.abs(Math.floor(i / channels) - (i % channels)) <= depthRadius;
  const band = Float32Array.from({ length: channels ** 2 }, (_, i) => (near(i) ? factor : 0));
  const weights = constant(float32([channels, channels, 1, 1], band));
  return call('convolution_forward', { src, weights }, src.dims, {
    window: { strides: [1, 1], kernel: [1, 1], before: [0, 0], after: [0, 0] },
    follows: true,
  });
}

/** Computes d and d^beta. For the tutorial's beta of 3/4, d^beta is computed as √(d · √d), because oneDNN's power
 * function is many times slower. */
function scale(context: PrimitiveContext, x: Slot, { depthRadius, bias, alpha, beta }: LrnAttributes) {
  const squares = binary(context, 'mul', x, x, x.dims);
  const d = unary(context, 'linear', windowSum(context, squares, depthRadius, alpha), 1, bias);
  if (beta !== 0.75) return { d, power: unary(context, 'pow', d, 1, beta) };
  const root = unary(context, 'sqrt', d);
  return { d, power: unary(context, 'sqrt', binary(context, 'mul', root, d, d.dims)) };
}
