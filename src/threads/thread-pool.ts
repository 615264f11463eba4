/**
 * A pool of reusable threads. A thread whose service has been closed is kept for the next service. Starting a new thread for
 * each service would take longer. Besides, koffi never frees the memory that it allocates for each calling thread: three
 * memory mappings per thread, and a process may have only about 65,000 mappings.
 */
import type { Methods } from './calls.ts';
import type { Thread } from './thread.ts';

export class ThreadPool<Start, M extends Methods> {
  readonly #start: () => Thread<Start, M>;
  readonly #idle: Thread<Start, M>[] = [];

  constructor(start: () => Thread<Start, M>) {
    this.#start = start;
  }

  /** Returns an idle thread, or starts a new one.
   * @throws RunError when no thread can be started */
  take(): Thread<Start, M> {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.hasEnded) continue;
      thread.keepAlive(true);
      return thread;
    }
    return this.#start();
  }

  /** Returns a thread to the pool after its service was closed or could not start. */
  release(thread: Thread<Start, M>): void {
    if (thread.hasEnded) return;
    thread.keepAlive(false);
    this.#idle.push(thread);
  }
}
