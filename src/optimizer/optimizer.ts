/**
 * The interface of optimizers. An optimizer is a rule that computes the direction of an update from the gradient of a
 * parameter and from the slots that are kept for it. The update itself is the same for all optimizers (update.ts):
 *
 *     variable − learning_rate · direction
 *
 * Each parameter has its own optimizer, which is that of the recipe unless a group of parameters sets another one.
 */
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';

/** The options of all optimizers. Each optimizer uses some of them. */
export interface OptimizerOptions {
  /** The factor of the previous momentum, in [0, 1). */
  readonly momentum: number;
  /** The decay of Adam's moving average of gradients, in [0, 1). */
  readonly beta1: number;
  /** The decay of Adam's moving average of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** A number that Adam adds to the square root of the average of squared gradients, to avoid a division by zero. */
  readonly epsilon: number;
  /** The number of iterations with which Muon orthogonalizes, at least 1. */
  readonly newtonSchulzSteps: number;
  /** The Frobenius norm, divided by the square root of the number of outputs, to which Muon scales weights before every update; 0
   * for no scaling. */
  readonly weightNorm: number;
}

/** What the rule of an optimizer can use. All values are float32. Scalars have the shape []. */
export interface RuleContext {
  /** Adds a node in the scope of the parameter. */
  readonly op: Apply;
  /** The parameter before the update. A rule may depend on its shape. */
  readonly variable: Value;
  /** The gradient of the parameter, in its shape. */
  readonly gradient: Value;
  /** A slot of the parameter, as it was before this update. Slots start as zeros. */
  readonly slot: (name: string) => Value;
  /** One of the optimizer's `scalars`, which are passed in at every step. */
  readonly fed: (name: string) => Value;
  readonly constant: (value: number) => Value;
  readonly options: OptimizerOptions;
}

export interface Direction {
  /** The direction, in the shape of the parameter. */
  readonly direction: Value;
  /** The value from which the update starts, in the shape of the parameter. Default: the parameter. */
  readonly from?: Value;
  /** The new values of all slots, by name. */
  readonly slots: Readonly<Record<string, Value>>;
}

export interface Optimizer {
  /** How weight decay is applied: as a term of the loss and thus of the gradient, or subtracted from the weights separately
   * (I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). */
  readonly weightDecay: 'in the loss' | 'decoupled';
  /** The names of the slots that are kept for each parameter. They have the shape of the parameter. */
  readonly slots: readonly string[];
  /** The scalars that change with every update.
   * @param update the number of the update, starting at 1 */
  readonly scalars: (update: number, options: OptimizerOptions) => Readonly<Record<string, number>>;
  readonly rule: (context: RuleContext) => Direction;
}

export const noScalars = (): Readonly<Record<string, number>> => ({});
