/**
 * What an optimizer is: a rule that turns a parameter's gradient into the direction of its update, with the slots it
 * keeps for each parameter. The update itself is the same for all (update.ts):
 *
 *     variable − learning_rate · direction
 */
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';

/** The numbers that optimizers are configured by; each uses some. */
export interface OptimizerOptions {
  /** Share of the last direction that is kept, in [0, 1). */
  readonly momentum: number;
  /** Decay of Adam's average of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay of Adam's average of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the square root of that average, so that nothing is divided by zero. */
  readonly epsilon: number;
}

/** What a rule computes with. All values are float32; scalars have shape []. */
export interface RuleContext {
  /** Adds a node below the parameter's scope. */
  readonly op: Apply;
  /** [shape of the parameter]. */
  readonly gradient: Value;
  /** A slot of the parameter as it was before this update: zeros at first. */
  readonly slot: (name: string) => Value;
  /** One of the optimizer's own scalars (`scalars`), fed anew at every step. */
  readonly fed: (name: string) => Value;
  readonly constant: (value: number) => Value;
  readonly options: OptimizerOptions;
}

export interface Direction {
  /** [shape of the parameter]. */
  readonly direction: Value;
  /** Every slot after this update, by name. */
  readonly slots: Readonly<Record<string, Value>>;
}

export interface Optimizer {
  /** Where weight decay enters: as a term of the loss, so that it is part of the gradient, or subtracted from the weights
   * beside the gradient's update (I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). */
  readonly weightDecay: 'in the loss' | 'decoupled';
  /** Names of what it keeps for each parameter, in the parameter's shape. */
  readonly slots: readonly string[];
  /** Scalars that change from update to update.
   * @param update counted from 1 */
  readonly scalars: (update: number, options: OptimizerOptions) => Readonly<Record<string, number>>;
  readonly rule: (context: RuleContext) => Direction;
}

export const noScalars = (): Readonly<Record<string, number>> => ({});
