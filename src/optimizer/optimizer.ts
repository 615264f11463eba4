/**
 * The interface of optimizers: a rule that computes the direction of an update from a parameter's gradient and the slots kept
 * for the parameter. The update itself is the same for all (update.ts):
 *
 *     variable − learning_rate · direction
 */
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';

/** The options of all optimizers; each uses some of them. */
export interface OptimizerOptions {
  /** The factor of the previous momentum, in [0, 1). */
  readonly momentum: number;
  /** Decay of Adam's moving average of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay of Adam's moving average of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the square root of that average to avoid a division by zero. */
  readonly epsilon: number;
}

/** What a rule can use. All values are float32; scalars have shape []. */
export interface RuleContext {
  /** Adds a node in the parameter's scope. */
  readonly op: Apply;
  /** [shape of the parameter]. */
  readonly gradient: Value;
  /** A slot of the parameter before this update; initially zeros. */
  readonly slot: (name: string) => Value;
  /** One of the optimizer's `scalars`, fed at every step. */
  readonly fed: (name: string) => Value;
  readonly constant: (value: number) => Value;
  readonly options: OptimizerOptions;
}

export interface Direction {
  /** [shape of the parameter]. */
  readonly direction: Value;
  /** The new values of all slots, by name. */
  readonly slots: Readonly<Record<string, Value>>;
}

export interface Optimizer {
  /** How weight decay is applied: as a term of the loss (and thus of the gradient), or subtracted from the weights separately
   * (I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). */
  readonly weightDecay: 'in the loss' | 'decoupled';
  /** Names of the slots kept for each parameter, in the parameter's shape. */
  readonly slots: readonly string[];
  /** Scalars that change with every update.
   * @param update the number of the update, from 1 */
  readonly scalars: (update: number, options: OptimizerOptions) => Readonly<Record<string, number>>;
  readonly rule: (context: RuleContext) => Direction;
}

export const noScalars = (): Readonly<Record<string, number>> => ({});
