/** Lets a generator yield events that callbacks report while it waits for a promise. */
export class EventQueue<E> {
  readonly #events: E[] = [];
  readonly #works = new Set<Promise<unknown>>();
  #wake: () => void = () => undefined;

  readonly push = (event: E): void => {
    this.#events.push(event);
    this.#wake();
  };

  /** Yields events as they are reported, until the promise settles. Returns the value of the promise.
   * @throws the error of the promise, after the events that were reported before it */
  async *during<T>(work: Promise<T>): AsyncGenerator<E, T, void> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      this.#wake();
    };
    const settled = work.then(settle, settle).finally(() => this.#works.delete(settled));
    this.#works.add(settled);
    for (;;) {
      yield* this.pending();
      if (isSettled) return await work;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (isSettled || this.#events.length > 0) resolve();
      });
    }
  }

  /** Resolves when all work that was passed to `during` has settled, even if its generator was left early. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }

  /** Yields the events that have not been yielded yet. */
  *pending(): Generator<E, void, void> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) yield event;
  }
}
