/**
 * Limits what a stop waits for: two seconds after the signal the process has exited, whatever it was waiting for. Only a save
 * that makes progress may take longer, on a slow disk. Long steps and validations do not reach this limit, because training
 * abandons them itself (training/patience.ts).
 */
import type { StartWatchdog } from './watchdog.ts';

/** The current activity of a command. */
export type Activity = 'saving' | 'other';

/** Time limit of a stop, and how long a save may then make no progress. */
const [limitMillis, standstillMillis] = [1700, 1000];
const checkMillis = 50;
/** The watchdog acts later than this timer, so only if the main thread is blocked. */
const watchdogLimits = { graceMillis: 1900, silentMillis: 800 };

export class StopWatch {
  #activity: Activity = 'other';
  #progressAt = performance.now();

  /** @param leave ends the process at once, and says why
   * @param startWatchdog starts a thread that ends the process if this thread stops responding */
  constructor(signal: AbortSignal, leave: (why: string) => void, startWatchdog: StartWatchdog) {
    signal.addEventListener('abort', () => {
      const askedAt = performance.now();
      const beat = startWatchdog(watchdogLimits);
      const timer = setInterval(() => {
        beat();
        const now = performance.now();
        const isSaving = this.#activity === 'saving';
        if (now - askedAt < limitMillis) return;
        if (isSaving && now - this.#progressAt < standstillMillis) return;
        clearInterval(timer);
        leave(isSaving ? 'the file system does not answer' : 'what is under way does not end');
      }, checkMillis);
      timer.unref();
    });
  }

  /** Sets the current activity. */
  begin(activity: Activity): void {
    this.#activity = activity;
    this.#progressAt = performance.now();
  }

  /** Reports progress of a save: a part of it is on the disk. */
  progressed(): void {
    this.#progressAt = performance.now();
  }
}
