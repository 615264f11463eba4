/** Stochastic gradient descent: direction = g. */
import { noScalars, type Optimizer } from './optimizer.ts';

export const sgd: Optimizer = {
  weightDecay: 'in the loss',
  slots: [],
  scalars: noScalars,
  rule: ({ gradient }) => ({ direction: gradient, slots: {} }),
};
