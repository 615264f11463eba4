/** The mean time of a training step, from which the remaining time is estimated. */
import { RunningMean } from './running-mean.ts';

/** The memory of the mean: about 50 steps. */
const memory = 0.98;

/** How long the first steps take longer than later ones, in milliseconds: the code of the process is not optimized yet, and
 * another thread draws `data.png`. */
export const warmUpMillis = 3000;

/** The number of steps after which the mean is known well enough for an estimate. */
export const enoughSteps = 10;

/** The mean over the last steps. After the warm-up, the steps of the warm-up are left out. */
export class StepTimes {
  #mean: RunningMean = new RunningMean(memory);
  #elapsed = 0;
  #steps = 0;

  /** @param millis the time from the end of the previous step to the end of this one */
  add(millis: number): void {
    const isWarm = this.#elapsed >= warmUpMillis;
    this.#elapsed += millis;
    this.#mean.add(millis);
    if (isWarm) this.#steps++;
    else if (this.#elapsed >= warmUpMillis) this.#mean = new RunningMean(memory);
  }

  /** The mean in milliseconds, or NaN while it is unknown. */
  get millis(): number {
    return this.#mean.value;
  }

  /** Whether enough steps were made after the warm-up for an estimate. */
  get isSteady(): boolean {
    return this.#steps >= enoughSteps;
  }
}
