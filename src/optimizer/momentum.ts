/**
 * Gradient descent with momentum: m ← μ·m + g, direction = m (B. T. Polyak, 1964; in the form of TensorFlow and PyTorch).
 */
import type { Value } from '../graph/graph.ts';
import { noScalars, type Optimizer, type RuleContext } from './optimizer.ts';

/** The name of the slot, as in TensorFlow. */
export const momentumSlot = 'Momentum';

export const momentum: Optimizer = {
  weightDecay: 'in the loss',
  slots: [momentumSlot],
  scalars: noScalars,
  rule: (context) => {
    const velocity = nextVelocity(context);
    return { direction: velocity, slots: { [momentumSlot]: velocity } };
  },
};

/** Returns the new m, which is μ·m + g. */
export function nextVelocity({ op, gradient, slot, constant, options }: RuleContext): Value {
  const kept = op('Mul', { a: slot(momentumSlot), b: constant(options.momentum) });
  return op('Add', { a: kept, b: gradient });
}
