/** Compares the confidence of predictions, which is the probability of the predicted class, with how many are correct. */

/** The number of bins, as in Guo et al. */
export const calibrationBins = 15;

/** The predictions whose confidence is greater than `low` and at most `high`. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** The mean confidence, or NaN without predictions. */
  readonly confidence: number;
  readonly correct: number;
  /** `correct` / `count`, or NaN without predictions. */
  readonly accuracy: number;
}

/** Collects the confidence of predictions in bins of equal width. */
export class Calibration {
  readonly #counts = new Float64Array(calibrationBins);
  readonly #correct = new Float64Array(calibrationBins);
  readonly #confidence = new Float64Array(calibrationBins);

  /** @param confidence 0 … 1 */
  add(confidence: number, isCorrect: boolean): void {
    const bin = binOf(confidence);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#confidence[bin] = (this.#confidence[bin] ?? 0) + confidence;
    if (isCorrect) this.#correct[bin] = (this.#correct[bin] ?? 0) + 1;
  }

  get bins(): readonly CalibrationBin[] {
    return Array.from(this.#counts, (count, bin) => {
      const correct = this.#correct[bin] ?? 0;
      return {
        ...{ low: bin / calibrationBins, high: (bin + 1) / calibrationBins, count, correct },
        ...{ confidence: (this.#confidence[bin] ?? 0) / count, accuracy: correct / count },
      };
    });
  }
}

/** Returns the index of the bin (m/15, (m + 1)/15] that contains a confidence. A confidence of 0 belongs to the first bin. */
function binOf(confidence: number): number {
  const near = Math.min(Math.max(Math.ceil(confidence * calibrationBins) - 1, 0), calibrationBins - 1);
  // The product is rounded, so the bin may be wrong by one.
  if (near > 0 && confidence <= near / calibrationBins) return near - 1;
  return near < calibrationBins - 1 && confidence > (near + 1) / calibrationBins ? near + 1 : near;
}

/**
 * Returns the expected calibration error (C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks,
 * ICML 2017, equation 3): the mean over the n predictions of the difference between accuracy and mean confidence of their bin B,
 *
 *     ECE = Σ |B|/n · |acc(B) − conf(B)|
 *
 * from 0 to 1. It is NaN without predictions.
 */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  const used = bins.filter(({ count }) => count > 0);
  const error = used.reduce(
    (sum, { count, accuracy, confidence }) => sum + count * Math.abs(accuracy - confidence),
    0,
  );
  return error / all;
}

/** Returns the mean confidence of all predictions, or NaN without predictions. */
export function meanConfidence(bins: readonly CalibrationBin[]): number {
  const used = bins.filter(({ count }) => count > 0);
  const all = used.reduce((sum, { count }) => sum + count, 0);
  return used.reduce((sum, { count, confidence }) => sum + count * confidence, 0) / all;
}
