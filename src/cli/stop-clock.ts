/**
 * Measures the time in which this process could work since a stop was requested. A busy machine slows the work down, and this
 * must not look like work that never ends. Therefore the time in which a thread waited for a free core does not count, up to a
 * limit.
 */
import { type ThreadTime, threadTimes } from '../machine/thread-time.ts';

/** The longest normal interval between two calls of `elapsed`. A longer one shows that the main thread could not run, even on
 * systems that do not say how long threads wait. */
const tickMillis = 100;

export class StopClock {
  readonly #times: () => ReadonlyMap<string, ThreadTime>;
  readonly #mostMillis: number;
  readonly #started: number;
  readonly #before: ReadonlyMap<string, ThreadTime>;
  #previous: number;
  #lateMillis = 0;

  /** @param mostMillis the maximum time of waiting for a free core that is left out */
  constructor(
    mostMillis: number,
    now: number = performance.now(),
    times: () => ReadonlyMap<string, ThreadTime> = threadTimes,
  ) {
    this.#mostMillis = mostMillis;
    this.#times = times;
    this.#started = now;
    this.#previous = now;
    this.#before = times();
  }

  /** Returns the milliseconds in which the process could work. Must be called regularly, at least every `tickMillis`.
   * @param now the current time in milliseconds, on the same clock as the `now` of the constructor */
  elapsed(now: number = performance.now()): number {
    this.#lateMillis += Math.max(0, now - this.#previous - tickMillis);
    this.#previous = now;
    const elapsed = now - this.#started;
    return elapsed - Math.min(this.#mostMillis, Math.max(this.#lateMillis, this.#waited()));
  }

  /** Returns the longest time that any thread has waited for a core since this clock was created. */
  #waited(): number {
    const waits = [...this.#times()].map(
      ([id, { waitMillis }]) => waitMillis - (this.#before.get(id)?.waitMillis ?? 0),
    );
    return Math.max(0, ...waits);
  }
}
