interface Times {
  millis: number;
  count: number;
}

/** Adds up the times of the steps of a complete run. */
export class StepClock {
  readonly #slow: Times = { millis: 0, count: 0 };
  readonly #usual: Times = { millis: 0, count: 0 };

  /** @param isSlow whether the step includes other work, such as the allocation of memory */
  add(millis: number, isSlow: boolean): void {
    const times = isSlow ? this.#slow : this.#usual;
    times.millis += millis;
    times.count++;
  }

  get #count(): number {
    return this.#slow.count + this.#usual.count;
  }

  /** The mean time of a usual step, if there are any. */
  get #mean(): number {
    const { millis, count } = this.#usual.count > 0 ? this.#usual : this.#slow;
    return count > 0 ? millis / count : 0;
  }

  /** The time of all steps, of which slow ones count as the mean of the others. */
  get seconds(): number {
    return (this.#mean * this.#count) / 1e3;
  }

  /** The estimated time of some more steps. */
  millisFor(steps: number): number {
    return this.#mean * steps;
  }
}
