/** Epochs, which are passes over all training examples, and their training accuracy. */
import type { ValidationReport } from './validation.ts';

/** Reports the end of an epoch. */
export interface EpochReport {
  readonly kind: 'epoch';
  /** The number of the epoch, from 1. */
  readonly epoch: number;
  /** The number of updates made. */
  readonly globalStep: number;
  /** The number of images of the epoch that this run trained on, and how many of them were classified correctly before their
   * update. In an MPI job, these are the images of all processes. */
  readonly images: number;
  readonly correct: number;
  readonly seconds: number;
  /** Whether training was resumed within the epoch. The images before that step are not counted. */
  readonly isPartial: boolean;
  /** The score of the held-out examples at the end of the epoch, if it was measured. */
  readonly validation?: ValidationReport;
}

/** Returns the number of updates in `epochs` epochs. The last batch is included, and may extend into the next epoch. */
export function stepsIn(epochs: number, trainingExamples: number, batchSize: number): number {
  return Math.max(1, Math.ceil((epochs * trainingExamples) / batchSize));
}

export class EpochCounter {
  readonly #trainingExamples: number;
  readonly #batchSize: number;
  #images = 0;
  #correct = 0;
  /** Whether training was resumed within the current epoch, or undefined before the first batch. */
  #isPartial: boolean | undefined;
  #started: number = performance.now();

  constructor(trainingExamples: number, batchSize: number) {
    this.#trainingExamples = trainingExamples;
    this.#batchSize = batchSize;
  }

  /** Whether an epoch ends with the last of this many updates. */
  endsAt(globalStep: number): boolean {
    return globalStep > 0 && this.#epochAt(globalStep) > this.#epochAt(globalStep - 1);
  }

  /** Counts a batch. Returns a report if an epoch ends with this batch.
   * @param step the number of updates made before this batch */
  add(step: number, correct: number): EpochReport | undefined {
    this.#isPartial ??= step > 0 && !this.endsAt(step);
    this.#images += this.#batchSize;
    this.#correct += correct;
    const globalStep = step + 1;
    if (!this.endsAt(globalStep)) return undefined;
    const now = performance.now();
    const seconds = (now - this.#started) / 1000;
    const report = {
      kind: 'epoch',
      epoch: this.#epochAt(globalStep),
      globalStep,
      images: this.#images,
      correct: this.#correct,
      seconds,
      isPartial: this.#isPartial,
    } as const;
    this.#isPartial = false;
    this.#images = 0;
    this.#correct = 0;
    this.#started = now;
    return report;
  }

  #epochAt(steps: number): number {
    return Math.floor((steps * this.#batchSize) / this.#trainingExamples);
  }
}
