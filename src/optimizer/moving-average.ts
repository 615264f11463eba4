/**
 * Exponential moving averages, computed after the update in TensorFlow's form: average − (1 − decay) · (average − value).
 */
import type { Value, Variable } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';

/** Returns the name of the moving average of a variable, as in TensorFlow. */
export function averageName(variable: string): string {
  return `${variable}/ExponentialMovingAverage`;
}

/** Adds the update of a moving average to the graph.
 * @param value the value to average, in the shape of the average
 * @param decay a scalar in [0, 1] */
export function updateAverage(builder: GraphBuilder, average: Variable, value: Value, decay: Value): void {
  const inputs = { average, value, decay };
  builder.update(average, builder.op('ExponentialMovingAverage', inputs, {}, `train/${average.name}`));
}

/** Returns the decay min(cap, (1 + n) / (10 + n)), which lets averages follow faster at first: it is 2/11 in the first update.
 * A cap of 0.9999 is reached at n = 89,990. (r0.11 did not specify whether n includes this update; TensorFlow has included it
 * since 2018.)
 * @param updates n, the number of updates including this one */
export function movingAverageDecay(updates: number, cap: number): number {
  return Math.min(cap, (1 + updates) / (10 + updates));
}
