/** The mean and the spread of the results of several runs. */
export interface MeanDeviation {
  readonly mean: number;
  /** The sample standard deviation √(Σ (x − mean)² / (n − 1)), or null for a single value. */
  readonly deviation: number | null;
}

/** Returns the mean and the deviation of at least one value. */
export function meanDeviation(values: readonly number[]): MeanDeviation {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count < 2 ? null : Math.sqrt(squares / (count - 1)) };
}
