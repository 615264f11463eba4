/**
 * The learning-rate range test (L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3): a
 * short training in which the rate grows from tiny to huge. The loss falls where the rate is useful, and rises where it is too
 * high. As in fastai and PyTorch Lightning, the rate grows exponentially, and the loss is smoothed.
 */

/** A step of the test. */
export interface RangePoint {
  /** From 0. */
  readonly step: number;
  readonly learningRate: number;
  /** Loss of the batch before the update. */
  readonly loss: number;
  /** Bias-corrected running average of the loss. */
  readonly smoothedLoss: number;
}

/** The rates of the first and the last step, and the number of steps. */
export const rangeDefaults = { minimum: 1e-7, maximum: 10, steps: 100 } as const;

/** Decay of the running average of the loss: it averages about five steps. */
const smoothing = 0.8;
/** The test ends where the smoothed loss is this many times its minimum: the training diverges. */
const divergence = 4;

/** The rates, growing by a constant factor.
 * @returns `steps` values from `minimum` to `maximum` */
export function rangeRates(minimum: number, maximum: number, steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, step) => minimum * (maximum / minimum) ** (step / (steps - 1)));
}

/** Collects the points of a test. */
export class RangeTest {
  readonly #points: RangePoint[] = [];
  #average = 0;
  #least = Number.POSITIVE_INFINITY;

  get points(): readonly RangePoint[] {
    return this.#points;
  }

  /** Adds a step. Undefined if its loss is not finite. */
  add(learningRate: number, loss: number): RangePoint | undefined {
    if (!Number.isFinite(loss)) return undefined;
    const step = this.#points.length;
    this.#average = smoothing * this.#average + (1 - smoothing) * loss;
    const smoothedLoss = this.#average / (1 - smoothing ** (step + 1));
    this.#least = Math.min(this.#least, smoothedLoss);
    const point = { step, learningRate, loss, smoothedLoss };
    this.#points.push(point);
    return point;
  }

  /** Whether the loss of the last step is far above its minimum. */
  get hasDiverged(): boolean {
    return (this.#points.at(-1)?.smoothedLoss ?? 0) > divergence * this.#least;
  }
}
