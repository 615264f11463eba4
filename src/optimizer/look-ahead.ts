/**
 * Look-ahead: slow copies of the variables, toward which the variables are moved every few updates (M. Zhang, J. Lucas, G. Hinton,
 * J. Ba, "Lookahead Optimizer: k steps forward, 1 step back", NeurIPS 2019), with the growing decay of K. Jordan, "94% on CIFAR-10 in
 * 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.4. After every `lookAheadSteps` updates k,
 *
 *     slow ← d · slow + (1 − d) · variable        d = lookAheadDecay^k · (t / T)³
 *     variable ← slow
 *
 * where t is the number of steps taken and T their number at the end of the schedule. (They are updates, unless steps are skipped
 * because of gradients that are not finite.) After step T, if it is not skipped, the variable is the slow copy, even if T is
 * not a multiple of k.
 */
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';

/** The options of look-ahead. */
export interface LookAheadOptions {
  /** k, the number of updates between look-aheads; 0 for none. */
  readonly lookAheadSteps: number;
  /** The decay of the slow copies per update at the end of the schedule, in [0, 1]. */
  readonly lookAheadDecay: number;
  /** T, the number of steps of the schedule. With 0, the decay does not grow. */
  readonly decaySteps: number;
}

/** Returns the name of the slow copy of a variable. */
export function lookAheadName(variable: string): string {
  return `${variable}/LookAhead`;
}

/** The names of the scalars that are passed in at every step. */
const [decayName, keptName] = ['look_ahead_decay', 'look_ahead_kept'] as const;

/** Returns the scalars of an update. Without look-ahead, there are none. `look_ahead_decay` is the weight of the old slow copy in the
 * new one: 1 if the copy does not change. `look_ahead_kept` is the weight of the variable in its new value: 1, or 0 if the slow copy
 * replaces it.
 * @param update the number of updates including this one
 * @param step t, the number of steps including this one */
export function lookAheadScalars(
  update: number,
  { lookAheadSteps: every, lookAheadDecay, decaySteps }: LookAheadOptions,
  step: number = update,
): Readonly<Record<string, number>> {
  if (every === 0) return {};
  const isDue = update % every === 0;
  const done = decaySteps === 0 ? 1 : Math.min(1, step / decaySteps);
  return {
    [decayName]: isDue ? lookAheadDecay ** every * done ** 3 : 1,
    [keptName]: isDue || step === decaySteps ? 0 : 1,
  };
}

/** Adds the scalar inputs to a graph. Returns a function that adds the slow copy of a variable, and returns the value of the variable
 * after the update and the look-ahead, or the identity without look-ahead. */
export function lookAhead(
  builder: GraphBuilder,
  { lookAheadSteps }: Pick<LookAheadOptions, 'lookAheadSteps'>,
): (variable: Value, updated: Value) => Value {
  if (lookAheadSteps === 0) return (_, updated) => updated;
  const decay = builder.input(decayName, { dtype: 'float32', shape: [] });
  const kept = builder.input(keptName, { dtype: 'float32', shape: [] });
  return (variable, updated) => {
    const slow = builder.variable(lookAheadName(variable.name), variable, 'average');
    const scope = `train/${slow.name}`;
    const inputs = { average: slow, value: updated, decay };
    const moved = builder.op('ExponentialMovingAverage', inputs, {}, scope);
    builder.update(slow, moved);
    // With `kept` = 1, this is exactly `updated`.
    const result = { average: updated, value: moved, decay: kept };
    return builder.op('ExponentialMovingAverage', result, {}, `${scope}/result`);
  };
}
