/** Lets a generator yield events from callbacks while it waits for a promise. */
export class EventQueue<E> {
  readonly #events: E[] = [];
  readonly #works = new Set<Promise<unknown>>();
  #wake: () => void = () => undefined;

  readonly push = (event: E): void => {
    this.#events.push(event);
    this.#wake();
  };

  /** Yields events as they come until the promise settles. Returns its value.
   * @throws what the promise rejects with, after the events before it */
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

  /** Resolves when all work passed to `during` has settled, also where its generator was left early. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }

  /** Yields the events that are not yet yielded. */
  *pending(): Generator<E, void, void> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) yield event;
  }
}
