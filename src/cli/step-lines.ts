/** The progress lines of the tutorial (r0.11, `cifar10_train`), with the speed averaged over the steps since the last line. */
import { shortTime, timestamp } from './console.ts';

export interface StepLine {
  /** The line as the tutorial prints it. */
  readonly text: string;
  /** The same line without the date and the microseconds, for a narrow terminal. */
  readonly shorter: string;
  readonly examplesPerSecond: number;
}

export class StepLines {
  readonly #batchSize: number;
  readonly #frequency: number;
  readonly #now: () => number;
  #last: { readonly at: number; readonly step: number } | undefined;
  #printed = false;

  /** @param now returns milliseconds of a monotonic clock */
  constructor(batchSize: number, frequency: number, now: () => number = () => performance.now()) {
    this.#batchSize = batchSize;
    this.#frequency = frequency;
    this.#now = now;
  }

  /** Starts the clock for the next update, which is update `step`. */
  start(step: number): void {
    this.#last = { at: this.#now(), step };
  }

  /** Returns the line for update `step` if one is due, which is at the first update after a start and at every multiple of the
   * frequency. The time in the line includes waiting for input and saving. */
  lineFor(step: number, totalLoss: number): StepLine | undefined {
    if (this.#printed && step % this.#frequency !== 0) return undefined;
    const last = this.#last ?? { at: this.#now(), step };
    const steps = step + 1 - last.step;
    const at = this.#now();
    const secondsPerBatch = (at - last.at) / 1000 / steps;
    this.#last = { at, step: step + 1 };
    this.#printed = true;
    const examplesPerSecond = this.#batchSize / secondsPerBatch;
    const speed = `${examplesPerSecond.toFixed(1)} examples/sec; ${secondsPerBatch.toFixed(3)} sec/batch`;
    const rest = `: step ${step}, loss = ${totalLoss.toFixed(2)} (${speed})`;
    return {
      text: timestamp() + rest,
      shorter: shortTime() + rest,
      examplesPerSecond,
    };
  }
}
