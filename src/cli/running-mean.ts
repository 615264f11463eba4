/** A mean over about the last 1 / (1 - memory) values. The bias toward the initial zero is corrected (D. Kingma and J. Ba,
 * "Adam", 2014, section 3). */
export class RunningMean {
  readonly #memory: number;
  #sum = 0;
  #weight = 0;

  /** @param memory the weight of the old mean when a value is added, 0 … 1 */
  constructor(memory: number) {
    this.#memory = memory;
  }

  add(value: number): void {
    this.#sum = this.#memory * this.#sum + (1 - this.#memory) * value;
    this.#weight = this.#memory * this.#weight + (1 - this.#memory);
  }

  /** The mean, or NaN before the first value. */
  get value(): number {
    return this.#sum / this.#weight;
  }
}
