/** Learning-rate schedules: the rate as a function of the step alone, so that a resumed run needs no state for it. */

/** The numbers that schedules are configured by; each uses some. */
export interface ScheduleOptions {
  /** The rate at the start, after a warm-up. */
  readonly learningRate: number;
  /** What the rate is multiplied by at each step of the staircase. */
  readonly learningRateDecayFactor: number;
  /** Where `linear`, `cosine` and `polynomial` end. */
  readonly endLearningRate: number;
  /** Exponent of `polynomial`. */
  readonly decayPower: number;
  /** Updates over which the rate rises linearly to `learningRate`; 0 for none. */
  readonly warmupSteps: number;
  /** Updates until `linear`, `cosine` and `polynomial` reach their end, the warm-up included. */
  readonly decaySteps: number;
}

export const scheduleNames = ['staircase', 'constant', 'linear', 'cosine', 'polynomial'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

interface Moment {
  /** Updates made before this one. */
  readonly step: number;
  /** Steps of the staircase are so many updates apart. */
  readonly stepsPerDecay: number;
  /** Share of the decay that is done, in [0, 1]. */
  readonly done: number;
}

/** A new schedule is a name and its formula. */
const formulas: Readonly<Record<ScheduleName, (moment: Moment, options: ScheduleOptions) => number>> = {
  /** The tutorial's: initial · factor^⌊step / stepsPerDecay⌋. */
  staircase: ({ step, stepsPerDecay }, { learningRate, learningRateDecayFactor }) =>
    learningRate * learningRateDecayFactor ** Math.floor(step / stepsPerDecay),
  constant: (_, { learningRate }) => learningRate,
  linear: ({ done }, options) => between(options, 1 - done),
  /** I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, formula 5, without restarts. */
  cosine: ({ done }, options) => between(options, (1 + Math.cos(Math.PI * done)) / 2),
  /** TensorFlow's `polynomial_decay`. */
  polynomial: ({ done }, options) => between(options, (1 - done) ** options.decayPower),
};

/** The schedules that need to know when the decay ends. */
export function endsAtDecaySteps(name: ScheduleName): boolean {
  return name === 'linear' || name === 'cosine' || name === 'polynomial';
}

/** The learning rate of an update.
 * @param step updates made before this one
 * @param stepsPerDecay updates from one step of the staircase to the next, at least 1 */
export function learningRate(
  name: ScheduleName,
  step: number,
  stepsPerDecay: number,
  options: ScheduleOptions,
): number {
  const { warmupSteps, decaySteps } = options;
  const length = Math.max(1, decaySteps - warmupSteps);
  const done = Math.min(1, Math.max(0, (step - warmupSteps) / length));
  const rate = formulas[name]({ step, stepsPerDecay, done }, options);
  // P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2: up to the full rate in equal steps.
  return step < warmupSteps ? rate * ((step + 1) / warmupSteps) : rate;
}

/** From the end's rate (share 0) to the start's (share 1). */
function between({ learningRate, endLearningRate }: ScheduleOptions, share: number): number {
  return endLearningRate + (learningRate - endLearningRate) * share;
}
