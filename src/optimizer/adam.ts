/**
 * Adam (D. P. Kingma, J. Ba, ICLR 2015, algorithm 1): moving averages of the gradient and of its square, corrected for their
 * initialization with zeros.
 *
 *     m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
 *     direction = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)        t: number of updates, including this one
 */
import type { Optimizer } from './optimizer.ts';

const firstMoment = 'FirstMoment';
const secondMoment = 'SecondMoment';
const firstCorrection = 'first_moment_correction';
const secondCorrection = 'second_moment_correction';

export const adam: Optimizer = {
  weightDecay: 'in the loss',
  slots: [firstMoment, secondMoment],
  scalars: (update, { beta1, beta2 }) => ({
    [firstCorrection]: 1 / (1 - beta1 ** update),
    [secondCorrection]: 1 / Math.sqrt(1 - beta2 ** update),
  }),
  rule: ({ op, gradient, slot, fed, constant, options: { beta1, beta2, epsilon } }) => {
    const square = op('Square', { x: gradient });
    const averaged = (name: string, value: typeof gradient, beta: number) =>
      op('ExponentialMovingAverage', { average: slot(name), value, decay: constant(beta) });
    const first = averaged(firstMoment, gradient, beta1);
    const second = averaged(secondMoment, square, beta2);
    const root = op('Mul', { a: op('Sqrt', { x: second }), b: fed(secondCorrection) });
    const divisor = op('Add', { a: root, b: constant(epsilon) });
    const direction = op('Div', { a: op('Mul', { a: first, b: fed(firstCorrection) }), b: divisor });
    return { direction, slots: { [firstMoment]: first, [secondMoment]: second } };
  },
};
