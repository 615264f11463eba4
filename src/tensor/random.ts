/**
 * Random numbers without state. The numbers drawn for an example in an epoch depend only on (seed, purpose, epoch, example).
 * A run that is resumed, or that reads its data in other threads, therefore gets the same numbers.
 *
 * The function is Threefry-2x32 with 20 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random
 * Numbers: As Easy as 1, 2, 3", SC'11, section 3.3 and table 2. It only needs 32-bit additions, rotations and exclusive ors,
 * which JavaScript computes exactly.
 */

/** What random numbers are used for. Two purposes never get the same stream. Reordering this list changes the numbers of
 * every seed. */
const purposes = [
  'order',
  'crop',
  'flip',
  'brightness',
  'contrast',
  'weights',
  'drawing',
  'holdout',
  'test',
  'dropout',
] as const;
export type Purpose = (typeof purposes)[number];

const parity = 0x1bd11bda;

/** Encrypts the counter (`block[0]`, `block[1]`) in place with the key (`key0`, `key1`). The rounds are unrolled and the
 * words of the key are rotated, because drawing the initial weights of a network spends most of its time here. */
export function threefry2x32(key0: number, key1: number, block: Uint32Array): void {
  let [a, b, c] = [key0, key1, key0 ^ key1 ^ parity];
  let x0 = ((block[0] ?? 0) + a) | 0;
  let x1 = ((block[1] ?? 0) + b) | 0;
  for (let group = 1; group <= 5; group++) {
    const isOdd = group % 2 === 1;
    x0 = (x0 + x1) | 0;
    x1 = (isOdd ? rotated(x1, 13) : rotated(x1, 17)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (isOdd ? rotated(x1, 15) : rotated(x1, 29)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (isOdd ? rotated(x1, 26) : rotated(x1, 16)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (isOdd ? rotated(x1, 6) : rotated(x1, 24)) ^ x0;
    // After every fourth round, the next two words of the key and the number of the group of rounds are added.
    x0 = (x0 + b) | 0;
    x1 = (x1 + c + group) | 0;
    [a, b, c] = [b, c, a];
  }
  block[0] = x0;
  block[1] = x1;
}

/** Returns a 32-bit word rotated to the left. */
function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The random numbers for one (seed, purpose, epoch, example). */
export class RandomStream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #block = new Uint32Array(2);
  #counter = 0;

  /** @param seed 0 … 2^53 - 1
   * @param epoch 0 … 2^32 - 1
   * @param example 0 … 2^32 - 1 */
  constructor(seed: number, purpose: Purpose, epoch = 0, example = 0) {
    // The purpose is encrypted with the seed as the key, then epoch and example with the result as the key. This gives
    // every stream its own key.
    const block = this.#block;
    block[0] = purposes.indexOf(purpose);
    block[1] = 0x63313061; // "c10a": keeps purpose keys apart from counters
    threefry2x32(seed | 0, Math.floor(seed / 2 ** 32) | 0, block);
    const [purpose0 = 0, purpose1 = 0] = block;
    block[0] = epoch;
    block[1] = example;
    threefry2x32(purpose0 | 0, purpose1 | 0, block);
    const [key0 = 0, key1 = 0] = block;
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
  }

  /** Returns an integer that is uniform over 0 … 2^32 - 1. */
  uint32(): number {
    const word = this.#counter % 2;
    if (word === 0) {
      this.#block[0] = this.#counter / 2;
      this.#block[1] = 0;
      threefry2x32(this.#key0, this.#key1, this.#block);
    }
    this.#counter++;
    return this.#block[word] ?? 0;
  }

  /** Returns a number that is uniform over [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Returns a number that is uniform over [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Returns an integer that is uniform over 0 … bound - 1. Rejection sampling avoids modulo bias. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % bound;
    }
  }

  /** Returns a standard normal number, computed by the method of G. E. P. Box and M. E. Muller (1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Returns a standard normal number that is redrawn while it is more than two standard deviations from the mean. */
  truncatedNormal(): number {
    for (;;) {
      const draw = this.normal();
      if (Math.abs(draw) <= 2) return draw;
    }
  }
}
