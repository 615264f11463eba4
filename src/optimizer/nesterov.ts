/**
 * Nesterov's momentum: m ← μ·m + g, direction = g + μ·m (Y. Nesterov, 1983; I. Sutskever et al., "On the importance of
 * initialization and momentum in deep learning", ICML 2013, in the form of PyTorch and of TensorFlow's `use_nesterov`).
 */
import { momentumSlot, nextVelocity } from './momentum.ts';
import { noScalars, type Optimizer } from './optimizer.ts';

export const nesterov: Optimizer = {
  weightDecay: 'in the loss',
  slots: [momentumSlot],
  scalars: noScalars,
  rule: (context) => {
    const { op, gradient, constant, options } = context;
    const velocity = nextVelocity(context);
    const ahead = op('Mul', { a: velocity, b: constant(options.momentum) });
    return { direction: op('Add', { a: gradient, b: ahead }), slots: { [momentumSlot]: velocity } };
  },
};
