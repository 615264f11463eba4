/**
 * Watches over a stop that was asked for: says what it waits for, and leaves when it waits for something that may never
 * come, such as a file system that does not answer.
 */
import type { Console } from './console.ts';

/** What a command does at the moment, since when, and how long that may take after a stop was asked for. */
export interface Activity {
  /** Such as `stopping after this step`; undefined for what ends by itself. */
  readonly note?: string;
  readonly since: number;
  readonly allowedMillis: number;
}

/** Computing is never cut short: it ends, and its result is worth saving. */
export const computing = (): Activity => ({
  note: 'stopping after this step; Ctrl-C again leaves at once',
  since: performance.now(),
  allowedMillis: Number.POSITIVE_INFINITY,
});
export const saving = (): Activity => ({ since: performance.now(), allowedMillis: 10_000 });
/** Everything else reacts to the signal at once. */
export const waiting = (): Activity => ({ since: performance.now(), allowedMillis: 1800 });

const noteMillis = 1000;
const checkMillis = 100;

export class StopWatch {
  #activity: Activity = waiting();

  /** @param leave ends the process at once */
  constructor(signal: AbortSignal, console: Pick<Console, 'warn'>, leave: () => void) {
    signal.addEventListener('abort', () => {
      const askedAt = performance.now();
      let isTold = false;
      const timer = setInterval(() => {
        const now = performance.now();
        const { note, since, allowedMillis } = this.#activity;
        if (note !== undefined && !isTold && now - askedAt > noteMillis) {
          console.warn(note);
          isTold = true;
        }
        if (now - Math.max(askedAt, since) < allowedMillis) return;
        clearInterval(timer);
        console.warn('what is under way does not end; leaving at once');
        leave();
      }, checkMillis);
      timer.unref();
    });
  }

  /** Says what the command does from now on. */
  begin(activity: Activity): void {
    this.#activity = activity;
  }
}
