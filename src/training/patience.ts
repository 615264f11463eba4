/**
 * Limits how long a stop waits for a step or validation. An engine cannot interrupt a step; a step of many seconds is abandoned,
 * and the variables before it are saved instead, so only that step is lost.
 */

/** How long a stop waits for a step or a validation before abandoning it. */
const patienceMillis = 600;
/** Before steps that take longer than this, the variables are copied, which takes some milliseconds. */
const slowMillis = 400;

export class Patience {
  readonly #exhausted: Promise<undefined>;
  #hasAbandoned = false;
  #lastMillis = 0;

  /** @param signal is aborted when a stop is requested */
  constructor(signal: AbortSignal | undefined, millis: number = patienceMillis) {
    this.#exhausted = new Promise((resolve) => {
      const wait = () => void setTimeout(() => resolve(undefined), millis).unref();
      if (signal?.aborted === true) wait();
      else signal?.addEventListener('abort', wait, { once: true });
    });
  }

  /** The result of a promise, or undefined if a stop was requested and the promise does not settle soon. It then continues in
   * the background, and its result is dropped. */
  async for<T>(work: Promise<T>): Promise<T | undefined> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    const result = await Promise.race([done, this.#exhausted]);
    if (!isDone) {
      this.#hasAbandoned = true;
      done.catch(() => undefined);
    }
    return result;
  }

  /** Like `for`, for a step. Its duration decides whether variables are copied before the next one.
   * @param canAbandon whether the variables before the step are saved or copied */
  async forStep<T>(step: Promise<T>, canAbandon: boolean): Promise<T | undefined> {
    const started = performance.now();
    const result = await (canAbandon ? this.for(step) : step);
    this.#lastMillis = performance.now() - started;
    return result;
  }

  /** Whether the variables must be copied before the next step. */
  get needsCopy(): boolean {
    return this.#lastMillis > slowMillis;
  }

  /** Whether abandoned work continues in the background. */
  get hasAbandoned(): boolean {
    return this.#hasAbandoned;
  }
}
