/**
 * What a stop waits for. An engine cannot interrupt a step; one that takes many seconds is abandoned, and the variables before
 * it are saved instead. So nothing is lost but that step.
 */

/** How long a stop waits for a step or a validation before it is abandoned. */
const patienceMillis = 600;
/** Before a step that takes longer than this the variables are copied: reading them takes some milliseconds. */
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

  /** The result of some work, or undefined when a stop was requested and the work does not end soon. It then continues in
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

  /** As `for`, of a step. How long it takes decides about the copy before the next one.
   * @param canAbandon whether the variables before the step are saved or copied */
  async forStep<T>(step: Promise<T>, canAbandon: boolean): Promise<T | undefined> {
    const started = performance.now();
    const result = await (canAbandon ? this.for(step) : step);
    this.#lastMillis = performance.now() - started;
    return result;
  }

  /** Is a copy of the variables needed before the next step? */
  get needsCopy(): boolean {
    return this.#lastMillis > slowMillis;
  }

  /** Does abandoned work continue in the background? */
  get hasAbandoned(): boolean {
    return this.#hasAbandoned;
  }
}
