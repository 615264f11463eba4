/**
 * The learning-rate range test (L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3).
 * It is a short run in which the rate grows from a tiny to a huge value. The loss falls where the rate is useful, and
 * rises where it is too high. As in fastai and PyTorch Lightning, the rate grows exponentially, and the loss is smoothed.
 */

/** A step of the test. */
export interface RangePoint {
  /** The number of the step, from 0. */
  readonly step: number;
  readonly learningRate: number;
  /** The loss of the step's batch, computed before the update. */
  readonly loss: number;
  /** The bias-corrected running average of the loss. */
  readonly smoothedLoss: number;
}

/** The rates of the first and the last step, and the number of steps. */
export const rangeDefaults = { minimum: 1e-7, maximum: 10, steps: 100 } as const;

/** The decay of the running average of the loss. The average covers about ten steps, in which the rate grows almost tenfold. */
const smoothing = 0.9;
/** The proposed rate as a fraction of the rate with the lowest smoothed loss. The rate of steepest descent, which other
 * programs use, is closer to divergence: with the tutorial's recipe it is 0.35, and training diverges from 0.5 on. */
const safety = 0.1;
/** The fraction of the steps at the beginning whose rates are too small to matter. These steps show how much the loss varies
 * from batch to batch. */
const idleShare = 0.2;
/** A fall of the loss by less than this fraction may be due to rounding. */
const roundingShare = 1e-6;
/** The test ends when the smoothed loss is this many times its minimum, because training diverges. */
const divergence = 4;

/** Returns the rates of the test, each larger than the previous one by a constant factor.
 * @returns `steps` values from `minimum` to `maximum` */
export function rangeRates(minimum: number, maximum: number, steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, step) => minimum * (maximum / minimum) ** (step / (steps - 1)));
}

/** Collects the points of a range test. */
export class RangeTest {
  readonly #points: RangePoint[] = [];
  #average = 0;
  #least = Number.POSITIVE_INFINITY;

  get points(): readonly RangePoint[] {
    return this.#points;
  }

  /** Adds a step and returns its point. Returns undefined, and adds nothing, if the loss is not finite. */
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

/** Proposes a tenth of the rate with the lowest smoothed loss, rounded to two significant digits. Returns undefined if the loss
 * did not fall by more than half of the standard deviation that it had at the smallest rates. */
export function proposeRate(points: readonly RangePoint[]): number | undefined {
  const idleSteps = Math.ceil(rangeDefaults.steps * idleShare);
  const [idle, later] = [points.slice(0, idleSteps), points.slice(idleSteps)];
  const mean = idle.reduce((sum, { loss }) => sum + loss, 0) / idle.length;
  const variance = idle.reduce((sum, { loss }) => sum + (loss - mean) ** 2, 0) / idle.length;
  const [first, ...others] = later;
  if (first === undefined) return undefined;
  const least = others.reduce(
    (best, point) => (point.smoothedLoss < best.smoothedLoss ? point : best),
    first,
  );
  const noise = Math.max(Math.sqrt(variance) / 2, roundingShare * mean);
  if (mean - least.smoothedLoss <= noise) return undefined;
  return Number((safety * least.learningRate).toPrecision(2));
}
