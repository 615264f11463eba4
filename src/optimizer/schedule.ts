/** Learning-rate schedules. The rate depends only on the step, so a resumed run needs no state for it. */

/** The options of all schedules. Each schedule uses some of them. */
export interface ScheduleOptions {
  /** The initial rate, which is reached after the warm-up, or the highest rate of `triangular`. */
  readonly learningRate: number;
  /** The factor by which the rate is multiplied at each stair of `staircase`. */
  readonly learningRateDecayFactor: number;
  /** The rate of the first update of `triangular`. */
  readonly startLearningRate: number;
  /** The fraction of `decaySteps` over which the rate of `triangular` rises. */
  readonly riseShare: number;
  /** The final rate of `linear`, `cosine`, `polynomial` and `triangular`. */
  readonly endLearningRate: number;
  /** The exponent of `polynomial`. */
  readonly decayPower: number;
  /** The number of updates over which the rate rises linearly to `learningRate`; 0 for no warm-up. */
  readonly warmupSteps: number;
  /** The number of updates until `linear`, `cosine`, `polynomial` and `triangular` reach their final rate, including the warm-up. */
  readonly decaySteps: number;
}

interface Progress {
  /** The number of updates made before this one. */
  readonly step: number;
  /** The number of updates per stair of the staircase. */
  readonly stepsPerDecay: number;
  /** The completed fraction of the decay, in [0, 1]. */
  readonly done: number;
}

interface Schedule {
  /** Whether the rate depends on `decaySteps`. */
  readonly endsAtDecaySteps: boolean;
  readonly rate: (progress: Progress, options: ScheduleOptions) => number;
}
const endless = (rate: Schedule['rate']): Schedule => ({ endsAtDecaySteps: false, rate });
const ending = (rate: Schedule['rate']): Schedule => ({ endsAtDecaySteps: true, rate });

export type ScheduleName = 'staircase' | 'constant' | 'linear' | 'cosine' | 'polynomial' | 'triangular';

/** To add a schedule, add a name and an entry here. */
const schedules: Readonly<Record<ScheduleName, Schedule>> = {
  /** The tutorial's schedule: learningRate · learningRateDecayFactor^⌊step / stepsPerDecay⌋. */
  staircase: endless(
    ({ step, stepsPerDecay }, { learningRate, learningRateDecayFactor }) =>
      learningRate * learningRateDecayFactor ** Math.floor(step / stepsPerDecay),
  ),
  constant: endless((_, { learningRate }) => learningRate),
  linear: ending(({ done }, options) => between(options, 1 - done)),
  /** I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, formula 5, without restarts. */
  cosine: ending(({ done }, options) => between(options, (1 + Math.cos(Math.PI * done)) / 2)),
  /** TensorFlow's `polynomial_decay`. */
  polynomial: ending(({ done }, options) => between(options, (1 - done) ** options.decayPower)),
  /** Rises linearly from `startLearningRate` to `learningRate` over the share `riseShare` of the updates, and then falls linearly to
   * `endLearningRate`: L. N. Smith, N. Topin, "Super-Convergence", 2017, arXiv:1708.07120, in the form of K. Jordan, arXiv:2404.00498. */
  triangular: ending(triangular),
};

export const scheduleNames: readonly ScheduleName[] = Object.keys(schedules) as readonly ScheduleName[];

/** Whether the schedule depends on `decaySteps`. */
export function endsAtDecaySteps(name: ScheduleName): boolean {
  return schedules[name].endsAtDecaySteps;
}

/** Returns the learning rate of an update.
 * @param step the number of updates made before this one
 * @param stepsPerDecay the number of updates per stair of `staircase`, at least 1 */
export function learningRate(
  name: ScheduleName,
  step: number,
  stepsPerDecay: number,
  options: ScheduleOptions,
): number {
  const { warmupSteps, decaySteps } = options;
  const length = Math.max(1, decaySteps - warmupSteps);
  const done = Math.min(1, Math.max(0, (step - warmupSteps) / length));
  const rate = schedules[name].rate({ step, stepsPerDecay, done }, options);
  // The warm-up of P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.
  return step < warmupSteps ? rate * ((step + 1) / warmupSteps) : rate;
}

function triangular({ step }: Progress, options: ScheduleOptions): number {
  const { learningRate: highest, startLearningRate: start, riseShare, decaySteps } = options;
  const rise = Math.floor(decaySteps * riseShare);
  if (step < rise) return start + (highest - start) * (step / rise);
  return between(options, 1 - Math.min(1, (step - rise) / Math.max(1, decaySteps - rise)));
}

/** Whether the schedule begins with a rise of its own, so that it needs no warm-up. */
export function rises(name: ScheduleName): boolean {
  return name === 'triangular';
}

/** Interpolates between the final rate (share 0) and the initial rate (share 1). */
function between({ learningRate, endLearningRate }: ScheduleOptions, share: number): number {
  return endLearningRate + (learningRate - endLearningRate) * share;
}
