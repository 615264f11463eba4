/** Learning-rate schedules. The rate depends only on the step, so a resumed run needs no state for it. */

/** The options of all schedules. Each schedule uses some of them. */
export interface ScheduleOptions {
  /** The initial rate, which is reached after the warm-up. */
  readonly learningRate: number;
  /** The factor by which the rate is multiplied at each stair of `staircase`. */
  readonly learningRateDecayFactor: number;
  /** The final rate of `linear`, `cosine` and `polynomial`. */
  readonly endLearningRate: number;
  /** The exponent of `polynomial`. */
  readonly decayPower: number;
  /** The number of updates over which the rate rises linearly to `learningRate`; 0 for no warm-up. */
  readonly warmupSteps: number;
  /** The number of updates until `linear`, `cosine` and `polynomial` reach their final rate, including the warm-up. */
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

export type ScheduleName = 'staircase' | 'constant' | 'linear' | 'cosine' | 'polynomial';

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

/** Interpolates between the final rate (share 0) and the initial rate (share 1). */
function between({ learningRate, endLearningRate }: ScheduleOptions, share: number): number {
  return endLearningRate + (learningRate - endLearningRate) * share;
}
