/**
 * Limits how long a stop waits for a step or a validation. An engine cannot interrupt a step. A step that takes many seconds
 * is therefore abandoned, and the variables as they were before it are saved, so that only this step is lost.
 */

/** How long a stop waits for a step or a validation before abandoning it. */
const patienceMillis = 600;
/** After a step that took longer than this, the variables are copied before the next step. Copying takes a few milliseconds. */
const slowMillis = 400;

export class Patience {
  /** One function for each piece of work that is waited for. It abandons that work. */
  readonly #waiting = new Set<() => void>();
  #isExhausted = false;
  #hasAbandoned = false;
  #lastMillis = 0;

  /** @param signal aborted when a stop is requested */
  constructor(signal: AbortSignal | undefined, millis: number = patienceMillis) {
    const exhaust = () => {
      this.#isExhausted = true;
      for (const abandon of [...this.#waiting]) abandon();
    };
    const wait = () => void setTimeout(exhaust, millis).unref();
    if (signal?.aborted === true) wait();
    else signal?.addEventListener('abort', wait, { once: true });
  }

  /** Returns the result of `work`, or undefined if a stop was requested and `work` does not settle soon. In that case `work`
   * continues in the background.
   * @param drop called with a result that comes too late to be returned */
  for<T>(work: Promise<T>, drop: (late: T) => void = () => undefined): Promise<T | undefined> {
    // A race with one promise for the whole time would keep the result of every step in memory.
    return new Promise((resolve, reject) => {
      const abandon = () => {
        if (!this.#waiting.delete(abandon)) return;
        this.#hasAbandoned = true;
        resolve(undefined);
        work.then(drop).catch(() => undefined);
      };
      this.#waiting.add(abandon);
      work.then(
        (result) => {
          if (this.#waiting.delete(abandon)) resolve(result);
        },
        (error: unknown) => {
          if (this.#waiting.delete(abandon)) reject(error);
        },
      );
      // Work that has already ended is not abandoned.
      if (this.#isExhausted) setImmediate(abandon);
    });
  }

  /** Waits for a training step as `for` does, and measures how long the step takes (see `needsCopy`).
   * @param canAbandon whether the variables from before the step are saved or copied, so that the step may be abandoned */
  async forStep<T>(step: Promise<T>, canAbandon: boolean): Promise<T | undefined> {
    const started = performance.now();
    const result = await (canAbandon ? this.for(step) : step);
    this.#lastMillis = performance.now() - started;
    return result;
  }

  /** Whether the variables must be copied before the next step, because the last one took long. */
  get needsCopy(): boolean {
    return this.#lastMillis > slowMillis;
  }

  /** Whether work was abandoned, and may still be running in the background. */
  get hasAbandoned(): boolean {
    return this.#hasAbandoned;
  }
}
