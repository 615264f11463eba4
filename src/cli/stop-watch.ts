/**
 * Limits how long a stop can take: two seconds after the signal, the process has exited, whatever it was waiting for. Two
 * things may take longer: a save that makes progress, on a slow disk, and, except after SIGTERM, work for which there is no
 * free core, on a busy machine (cli/stop-clock.ts). Long steps and validations do not reach this limit, because training
 * abandons them itself (training/patience.ts).
 */
import type { Interruption } from './signals.ts';
import { StopClock } from './stop-clock.ts';
import type { StartWatchdog } from './watchdog.ts';

/** What a command is currently doing. */
export type Activity = 'saving' | 'other';

/** The time limit of a stop, and how long a save may go without progress once that limit has passed. */
const [limitMillis, standstillMillis] = [1600, 1000];
const checkMillis = 50;
/** The maximum time of waiting for a free core that does not count toward the limit. After SIGTERM all waiting counts, because
 * the sender of SIGTERM usually kills the process next. */
const busyMillis = 8000;
/** The limits of the watchdog. They are longer than those of the timer below, so the watchdog acts only if the main thread is
 * blocked. */
const watchdogLimits = { graceMillis: 1900, silentMillis: 800 };

export type RequestedStop = Pick<Interruption, 'signal' | 'name'>;

export class StopWatch {
  #activity: Activity = 'other';
  #progressAt = performance.now();
  #hasEnded = false;

  /** @param stop its `signal` is aborted when a stop is requested; from then on, its `name` is the signal that requested it
   * @param leave ends the process at once, and prints the reason
   * @param startWatchdog starts a thread that ends the process if this thread stops responding */
  constructor(stop: RequestedStop, leave: (why: string) => void, startWatchdog: StartWatchdog) {
    stop.signal.addEventListener('abort', () => {
      const mostBusyMillis = stop.name === 'SIGTERM' ? 0 : busyMillis;
      const clock = new StopClock(mostBusyMillis);
      const beat = startWatchdog({ ...watchdogLimits, mostBusyMillis });
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

  /** Lifts the limit, because the command has ended. The timer keeps showing the watchdog that the main thread is not
   * blocked. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Reports that a save has made progress: a part of it has reached the disk. */
  progressed(): void {
    this.#progressAt = performance.now();
  }
}
