/**
 * Threads that are used again: one whose service is closed waits for the next. A new thread for each would be slower, and
 * koffi keeps the memory for C calls of every thread that ever called (three mappings each, of which a process may have
 * about 65,000).
 */
import type { Methods } from './calls.ts';
import type { Thread } from './thread.ts';

export class ThreadPool<Start, M extends Methods> {
  readonly #start: () => Thread<Start, M>;
  readonly #idle: Thread<Start, M>[] = [];

  constructor(start: () => Thread<Start, M>) {
    this.#start = start;
  }

  /** A thread without a service.
   * @throws RunError when no thread can be started */
  take(): Thread<Start, M> {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.hasEnded) continue;
      thread.keepAlive(true);
      return thread;
    }
    return this.#start();
  }

  /** Takes back a thread whose service is closed, or could not begin. */
  giveBack(thread: Thread<Start, M>): void {
    if (thread.hasEnded) return;
    thread.keepAlive(false);
    this.#idle.push(thread);
  }
}
