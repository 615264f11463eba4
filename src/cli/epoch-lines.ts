/** Chooses the epochs that have a line of their own. With few training images, an epoch has only one or a few steps: then one line
 * covers several epochs. */
import type { EpochReport } from '../training/epochs.ts';

/** The minimum number of steps between two lines. */
const fewestSteps = 10;

/** The counts of one line. */
export type EpochCounts = Pick<EpochReport, 'images' | 'correct' | 'seconds' | 'isPartial'>;

export class EpochLines {
  readonly #maxSteps: number;
  #lastLineAt = Number.NEGATIVE_INFINITY;
  #counts: EpochCounts | undefined;

  /** @param maxSteps the step at which the run ends; the last epoch has a line if it ends there */
  constructor(maxSteps: number) {
    this.#maxSteps = maxSteps;
  }

  /** Returns the sums over this epoch and those since the last line, or undefined if no line is due. The first epoch and an epoch
   * with the best score so far have a line. */
  lineFor(epoch: EpochReport): EpochCounts | undefined {
    const { images, correct, seconds, isPartial } = epoch;
    const before = this.#counts ?? { images: 0, correct: 0, seconds: 0, isPartial: false };
    const counts = {
      images: before.images + images,
      correct: before.correct + correct,
      seconds: before.seconds + seconds,
      isPartial: before.isPartial || isPartial,
    };
    const { globalStep } = epoch;
    const isDue =
      globalStep - this.#lastLineAt >= fewestSteps ||
      globalStep >= this.#maxSteps ||
      epoch.validation?.best === true;
    this.#counts = isDue ? undefined : counts;
    if (!isDue) return undefined;
    this.#lastLineAt = globalStep;
    return counts;
  }
}
