/**
 * Scoring in the processes of an MPI job. In each round, every process computes the logits of one batch, and then receives those of
 * all batches of the round. The batches are those of a single process, so the logits have the same bits if the engines have the same
 * number of threads.
 */
import type { Ranks } from '../training/run-definition.ts';

/** What a process knows about the job in which it scores. */
export type ScoringRanks = Pick<Ranks, 'rank' | 'size' | 'sum'>;

export class LogitsExchange {
  readonly #ranks: ScoringRanks;
  readonly #batchLength: number;

  /** @param batchLength the number of logits of a batch */
  constructor(ranks: ScoringRanks, batchLength: number) {
    this.#ranks = ranks;
    this.#batchLength = batchLength;
  }

  /** Returns the logits of the batches of all processes, in the order of their ranks, or undefined if a process asks to stop.
   * @param own the logits of this process, or undefined if it has no batch in this round
   * @param stops whether this process asks to stop */
  async exchange(own: Float32Array | undefined, stops: boolean): Promise<Float32Array | undefined> {
    const { rank, size } = this.#ranks;
    const end = size * this.#batchLength;
    // In the sums, each value has a single term that is not zero. The last value counts the processes that ask to stop.
    const values = new Float32Array(end + 1);
    if (own !== undefined) values.set(own, rank * this.#batchLength);
    values[end] = stops ? 1 : 0;
    const sums = await this.#ranks.sum(values);
    return sums[end] === 0 ? sums.subarray(0, end) : undefined;
  }
}
