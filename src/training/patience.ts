/**
 * Limits how long a stop waits for a step or a validation. An engine cannot interrupt a step. A step that takes many seconds
 * is therefore abandoned, and the variables as they were before it are saved, so that only this step is lost.
 */

/** How long a stop waits for a step or a validation before abandoning it. */
const patienceMillis = 600;
/** After a step that took longer than this, the variables are copied before the next step. Copying takes a few milliseconds. */
const slowMillis = 400;

export class Patience {
  readonly #exhausted: Promise<undefined>;
  #hasAbandoned = false;
  #lastMillis = 0;

  /** @param signal aborted when a stop is requested */
  constructor(signal: AbortSignal | undefined, millis: number = patienceMillis) {
    this.#exhausted = new Promise((resolve) => {
      const wait = () => void setTimeout(() => resolve(undefined), millis).unref();
      if (signal?.aborted === true) wait();
      else signal?.addEventListener('abort', wait, { once: true });
    });
  }

  /** Returns the result of `work`, or undefined if a stop was requested and `work` does not settle soon. In that case `work`
   * continues in the background.
   * @param drop called with a result that comes too late to be returned */
  async for<T>(work: Promise<T>, drop: (late: T) => void = () => undefined): Promise<T | undefined> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    const result = await Promise.race([done, this.#exhausted]);
    if (!isDone) {
      this.#hasAbandoned = true;
      done.then(drop).catch(() => undefined);
    }
    return result;
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
