/**
 * A pool of reusable threads: a thread whose service is closed waits for the next. Starting one per service would be slower, and
 * koffi never frees the memory it allocates per calling thread (three mappings each, of which a process may have about 65,000).
 */
import type { Methods } from './calls.ts';
import type { Thread } from './thread.ts';

export class ThreadPool<Start, M extends Methods> {
  readonly #start: () => Thread<Start, M>;
  readonly #idle: Thread<Start, M>[] = [];

  constructor(start: () => Thread<Start, M>) {
    this.#start = start;
  }

  /** An idle thread, or a new one.
   * @throws RunError when no thread can be started */
  take(): Thread<Start, M> {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.hasEnded) continue;
      thread.keepAlive(true);
      return thread;
    }
    return this.#start();
  }

  /** Returns a thread whose service is closed, or could not start. */
  giveBack(thread: Thread<Start, M>): void {
    if (thread.hasEnded) return;
    thread.keepAlive(false);
    this.#idle.push(thread);
  }
}
