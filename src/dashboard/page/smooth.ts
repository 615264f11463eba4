/**
 * Exponential smoothing as in TensorBoard: s = w s + (1 − w) x, from s = 0. The shown value is s / (1 − wⁿ) after n values, which
 * removes the bias towards 0 (Kingma and Ba, Adam, 2015, section 3).
 */

/** Smooths values. Values that are missing stay missing and do not count.
 * @param weight 0 … 1 (exclusive): 0 changes nothing */
export function smoothed(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  if (!(weight > 0)) return values;
  let sum = 0;
  let remaining = 1;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    sum = weight * sum + (1 - weight) * value;
    remaining *= weight;
    return sum / (1 - remaining);
  });
}

/** Returns the weight for a curve with more points, so that it is smoothed over the same range of steps.
 * @param ratio the number of points of the curve, divided by that of the curve for which the weight was chosen */
export function weightFor(weight: number, ratio: number): number {
  return ratio > 1 ? weight ** (1 / ratio) : weight;
}
