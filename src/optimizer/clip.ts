/** Gradient clipping. */
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';
import { scalar } from '../tensor/tensor.ts';

/**
 * Multiplies all gradients by clipNorm / max(norm, clipNorm), where norm = √Σ g² over all gradients: R. Pascanu, T. Mikolov,
 * Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013 (TensorFlow's clip_by_global_norm). If the
 * norm is smaller than clipNorm, the gradients do not change.
 */
export function clipByGlobalNorm(op: Apply, gradients: readonly Value[], clipNorm: number): readonly Value[] {
  const limit = op('Constant', {}, { value: scalar(clipNorm) }, 'clip_norm');
  const halfSquares = gradients.map((x) => op('L2Loss', { x })).reduce((a, b) => op('Add', { a, b }));
  const two = op('Constant', {}, { value: scalar(2) }, 'two');
  const norm = op('Sqrt', { x: op('Mul', { a: halfSquares, b: two }) }, {}, 'global_norm');
  const scale = op('Div', { a: limit, b: op('Maximum', { a: norm, b: limit }) }, {}, 'scale');
  return gradients.map((a) => op('Mul', { a, b: scale }));
}
