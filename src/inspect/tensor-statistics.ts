/** Summary statistics of a tensor. */
export interface TensorStatistics {
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  readonly least: number;
  readonly greatest: number;
  /** How many elements are infinite or NaN. The other statistics do not include them. */
  readonly notFinite: number;
}

export function statisticsOf(values: Float32Array | Float64Array): TensorStatistics {
  const finite = Float64Array.from(values).filter((value) => Number.isFinite(value));
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length;
  return {
    mean,
    deviation: Math.sqrt(variance),
    least: finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    greatest: finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    notFinite: values.length - finite.length,
  };
}
