/**
 * Local response normalisation across channels: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet
 * Classification with Deep Convolutional Neural Networks", NIPS 2012, section 3.3, with TensorFlow's
 * parametrisation (alpha is not divided by the window's length):
 *   d = bias + alpha · Σ_window x²,  y = x · d^-beta.
 */
import type { OpDefinition } from './definition.ts';
import { float32Type, requireSame, requireType } from './shapes.ts';

/** x and y [N, C, H, W]. */
export const lrn: OpDefinition<'LRN'> = {
  infer: ({ x }) => {
    requireType('x', x, 'float32', 'N, C, H, W');
    return { y: float32Type(x.shape) };
  },
  gradient: {
    x: ({ op, inputs: { x }, attributes, outputs: { y }, dy }) => op('LRNGrad', { x, y, dy }, attributes),
  },
  onnx: { expandedBy: 'engine/onnx/expand-normalization' },
};

/** dx = dy · d^-beta - 2 · alpha · beta · x · Σ_window (dy · y / d). */
export const lrnGrad: OpDefinition<'LRNGrad'> = {
  infer: ({ x, y, dy }) => {
    requireType('x', x, 'float32', 'N, C, H, W');
    requireSame('x and y', x, y);
    requireSame('y and dy', y, dy);
    return { y: float32Type(x.shape) };
  },
  gradient: { notDifferentiable: 'second derivatives of local response normalisation are not written' },
  onnx: { expandedBy: 'engine/onnx/expand-normalization' },
};
