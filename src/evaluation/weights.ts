/** Which weights of a checkpoint are evaluated. */
import { RunError } from '../errors.ts';
import type { Variable } from '../graph/graph.ts';
import { averageName } from '../optimizer/moving-average.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { requireStoredShape } from '../training/stored-network.ts';

/** `ema` evaluates the moving averages of the weights, as the tutorial does; `raw` evaluates the weights themselves. */
export const weightChoices = ['ema', 'raw'] as const;
/** Which weights are used: `ema` for the moving averages, `raw` for the weights themselves. */
export type Weights = (typeof weightChoices)[number];

/** Returns the value of a variable for an evaluation. With `ema`, this is its moving average. A state, such as running
 * statistics, is used directly if the checkpoint has no average of it.
 * @throws RunError when the checkpoint does not contain the value, or one of another shape */
export function weightsOf(
  tensors: ReadonlyMap<string, Float32Tensor>,
  variable: Variable,
  weights: Weights,
): Float32Tensor {
  const { name, role } = variable;
  const average = averageName(name);
  const isAveraged = weights === 'ema' && (role === 'parameter' || tensors.has(average));
  const key = isAveraged ? average : name;
  const found = tensors.get(key);
  if (found !== undefined) {
    requireStoredShape(key, found, variable);
    return found;
  }
  throw new RunError(`Key ${key} not found in checkpoint; it contains ${[...tensors.keys()].join(', ')}`);
}

/** Returns which weights are scored: the requested ones, or `raw` if the run keeps no moving averages. */
export function scoredWeights(
  { movingAverageDecay }: Pick<Hyperparameters, 'movingAverageDecay'>,
  weights: Weights,
): Weights {
  return movingAverageDecay > 0 ? weights : 'raw';
}
