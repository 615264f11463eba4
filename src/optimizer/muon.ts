/**
 * Muon (K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
 * https://kellerjordan.github.io/posts/muon/, https://github.com/KellerJordan/Muon): Nesterov's momentum, orthogonalized.
 *
 *     direction = max(1, √(outputs / inputs)) · NewtonSchulz(g + μ·m)        m ← μ·m + g
 *
 * The weights of filters [O, I, KH, KW] are the matrix [O, I·KH·KW], and those of dense layers [I, O] a matrix already. All other
 * parameters (biases, batch normalization, filters that differ at every position) are updated with Nesterov's momentum, which
 * is unbounded: their learning rate usually needs a factor of its own (`groups`).
 *
 * With `weightNorm` r > 0, weights are first scaled to the Frobenius norm r·√O, as in airbench94_muon.py
 * (https://github.com/KellerJordan/cifar10-airbench, r = 1). This suits layers that batch normalization follows, because their
 * scale does not affect the network.
 */
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { nesterov } from './nesterov.ts';
import { boundedNorm, orthogonalized } from './newton-schulz.ts';
import type { Direction, Optimizer, RuleContext } from './optimizer.ts';

export const muon: Optimizer = {
  ...nesterov,
  weightDecay: 'decoupled',
  rule: (context) => {
    const step = nesterov.rule(context);
    const weights = weightsOf(context.variable.shape);
    return weights === undefined ? step : orthogonalStep(context, step, weights);
  },
};

/** Weights as a matrix, whose rows or columns belong to the outputs of the layer. */
interface Weights {
  readonly matrix: Shape;
  readonly outputs: number;
  /** The number of weights of each output. */
  readonly inputs: number;
}

/** Returns the matrix of a filter [O, I, KH, KW] or of dense weights [I, O], and undefined for all other parameters. */
function weightsOf(shape: Shape): Weights | undefined {
  const [first = 0, second = 0] = shape;
  const inputs = sizeOf(shape) / first;
  if (shape.length === 4) return { matrix: [first, inputs], outputs: first, inputs };
  return shape.length === 2 ? { matrix: shape, outputs: second, inputs: first } : undefined;
}

/** Orthogonalizes the direction of a step, and scales the weights from which it starts. */
function orthogonalStep(
  { op, variable, constant, options }: RuleContext,
  step: Direction,
  { matrix, outputs, inputs }: Weights,
): Direction {
  const { newtonSchulzSteps, weightNorm } = options;
  const multiplied = (a: typeof variable, factor: number) =>
    factor === 1 ? a : op('Mul', { a, b: constant(factor) });
  const found = orthogonalized(
    op,
    op('Reshape', { x: step.direction }, { shape: matrix }),
    newtonSchulzSteps,
  );
  const scaled = multiplied(found, Math.sqrt(Math.max(1, outputs / inputs)));
  const direction = op('Reshape', { x: scaled }, { shape: variable.shape });
  if (weightNorm === 0) return { ...step, direction };
  const norm = constant(weightNorm * Math.sqrt(outputs));
  const share = op('Div', { a: norm, b: boundedNorm(op, variable) });
  return { ...step, direction, from: op('Mul', { a: variable, b: share }) };
}
