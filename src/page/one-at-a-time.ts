/** Asynchronous work, one piece after the other. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work after all work before it has ended, also if that failed. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
