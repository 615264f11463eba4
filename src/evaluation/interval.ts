/** The uncertainty of a fraction that was measured on a sample, such as a precision. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5% quantile of the standard normal distribution, for intervals of 95%. */
const quantile = 1.959963984540054;

/** Returns the standard error of a fraction `correct / total`, √(p (1 − p) / n) of the binomial distribution, or NaN if `total`
 * is 0. */
export function standardError(correct: number, total: number): number {
  const share = correct / total;
  return Math.sqrt((share * (1 - share)) / total);
}

/**
 * Returns the 95% interval of a fraction `correct / total`: Wilson's score interval (E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, JASA 22, 1927). With p = correct / total, n = total and z = 1.96, its ends are
 *
 *     (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n)
 *
 * Unlike p ± z √(p (1 − p)/n), it is within 0 … 1, and useful for fractions of 0 and 1. Both ends are NaN if `total` is 0.
 */
export function wilsonInterval(correct: number, total: number): Interval {
  const share = correct / total;
  const ofTotal = quantile ** 2 / total;
  const center = (share + ofTotal / 2) / (1 + ofTotal);
  const half = (quantile * Math.sqrt((share * (1 - share)) / total + ofTotal / (4 * total))) / (1 + ofTotal);
  // Rounding must not push an end past the fraction itself.
  return {
    low: Math.max(0, Math.min(share, center - half)),
    high: Math.min(1, Math.max(share, center + half)),
  };
}
