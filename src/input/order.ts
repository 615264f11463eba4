/**
 * The order in which a training run uses its examples: a new permutation of the whole training set in each epoch. (r0.11
 * drew from a sliding window of 20,000 examples.) The epochs are concatenated and cut into batches, so a batch may contain
 * examples of two epochs.
 */
import { RandomStream } from '../tensor/random.ts';

/** Draws the permutation of 0 … count - 1 for one epoch, as in R. Durstenfeld, "Algorithm 235: Random permutation", 1964. */
export function permutation(seed: number, epoch: number, count: number): Uint32Array {
  const stream = new RandomStream(seed, 'order', epoch);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = stream.below(last + 1);
    const value = order[last] as number;
    order[last] = order[other] as number;
    order[other] = value;
  }
  return order;
}

/** The order of the training examples: every epoch is a permutation, which depends on the seed and the epoch. */
export class ExampleOrder {
  readonly seed: number;
  readonly count: number;
  /** The permutations of the last two epochs used. Two are kept because a batch may contain examples of two epochs. */
  readonly #epochs = new Map<number, Uint32Array>();

  /** @throws RangeError when there are no examples */
  constructor(seed: number, count: number) {
    if (!(count > 0)) throw new RangeError(`number of examples: found ${count}, expected at least 1`);
    this.seed = seed;
    this.count = count;
  }

  /** Returns the epoch (from 0) of a position in the run. */
  epochAt(position: number): number {
    return Math.floor(position / this.count);
  }

  /** Returns the index of the example at a position in the run. Position 0 is the first row of the first batch. */
  exampleAt(position: number): number {
    return this.#permutation(this.epochAt(position))[position % this.count] as number;
  }

  /** Returns the indices of the examples in the batch of a step, in the order of its rows. */
  batchAt(step: number, batchSize: number): readonly number[] {
    return Array.from({ length: batchSize }, (_, row) => this.exampleAt(step * batchSize + row));
  }

  #permutation(epoch: number): Uint32Array {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const order = permutation(this.seed, epoch, this.count);
    const [oldest] = this.#epochs.keys();
    if (this.#epochs.size === 2 && oldest !== undefined) this.#epochs.delete(oldest);
    this.#epochs.set(epoch, order);
    return order;
  }
}
