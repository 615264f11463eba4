/**
 * Limits how long a stop can take: two seconds after the signal, the process has exited, whatever it was waiting for. Two things
 * may take longer: a save that makes progress, on a slow disk, and work for which there is no free core, on a busy machine
 * (cli/stop-clock.ts). Long steps and validations do not reach this limit, because training abandons them itself
 * (training/patience.ts).
 */
import { StopClock } from './stop-clock.ts';
import type { StartWatchdog } from './watchdog.ts';

/** What a command is currently doing. */
export type Activity = 'saving' | 'other';

/** The time limit of a stop, and how long a save may make no progress after that. */
const [limitMillis, standstillMillis] = [1600, 1000];
const checkMillis = 50;
/** The limits of the watchdog are longer than this timer, so it acts only if the main thread is blocked. */
const watchdogLimits = { graceMillis: 1900, silentMillis: 800 };

export class StopWatch {
  #activity: Activity = 'other';
  #progressAt = performance.now();
  #hasEnded = false;

  /** @param leave ends the process at once, and prints the reason
   * @param startWatchdog starts a thread that ends the process if this thread stops responding */
  constructor(signal: AbortSignal, leave: (why: string) => void, startWatchdog: StartWatchdog) {
    signal.addEventListener('abort', () => {
      const clock = new StopClock();
      const beat = startWatchdog(watchdogLimits);
      const timer = setInterval(() => {
        beat();
        if (this.#hasEnded) return;
        const now = performance.now();
        const isSaving = this.#activity === 'saving';
        if (clock.elapsed(now) < limitMillis) return;
        if (isSaving && now - this.#progressAt < standstillMillis) return;
        clearInterval(timer);
        leave(isSaving ? 'the file system does not answer' : 'the current operation does not end');
      }, checkMillis);
      timer.unref();
    });
  }

  /** Sets the current activity. */
  begin(activity: Activity): void {
    this.#activity = activity;
    this.#progressAt = performance.now();
  }

  /** Lifts the limit, because the command has ended. The watchdog still learns that the main thread is not blocked. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Reports that a save has made progress: a part of it has reached the disk. */
  progressed(): void {
    this.#progressAt = performance.now();
  }
}
