/** A share of the training examples kept out of training, to choose by: the test images must not be chosen by. */
import { RandomStream } from '../tensor/random.ts';
import type { Examples } from './files.ts';
import { labelOf, recordBytes } from './record.ts';

export interface HeldOut {
  /** What training uses. */
  readonly training: Examples;
  /** What it never sees. */
  readonly validation: Examples;
}

/**
 * Keeps the same share of every class (stratified), chosen by the seed; both parts stay in the order of the files.
 *
 * @param share above 0 and below 1
 * @throws RangeError when the share leaves one of the parts empty.
 */
export function holdOut(examples: Examples, share: number, seed: number): HeldOut {
  const held = new Set(
    examples.dataset.classes.flatMap((_, label) => heldOfClass(examples, label, share, seed)),
  );
  const all = Array.from({ length: examples.count }, (_, index) => index);
  if (held.size === 0 || held.size === examples.count) {
    throw new RangeError(`a holdout of ${share} of ${examples.count} examples leaves nothing on one side`);
  }
  return {
    training: only(
      examples,
      all.filter((index) => !held.has(index)),
    ),
    validation: only(
      examples,
      all.filter((index) => held.has(index)),
    ),
  };
}

/** The first of the class's examples in an order of its own. */
function heldOfClass(examples: Examples, label: number, share: number, seed: number): readonly number[] {
  const stream = new RandomStream(seed, 'holdout', 0, label);
  const ofClass: number[] = [];
  for (let index = 0; index < examples.count; index++) {
    if (labelOf(examples.records, index) === label) ofClass.push(index);
  }
  return ofClass
    .map((index) => ({ index, key: stream.uint32() }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .slice(0, Math.round(share * ofClass.length))
    .map(({ index }) => index);
}

/** Some of the examples, in shared memory of their own, with the keys they had. */
function only(examples: Examples, indices: readonly number[]): Examples {
  const records = new Uint8Array(new SharedArrayBuffer(indices.length * recordBytes));
  indices.forEach((index, place) => {
    records.set(
      examples.records.subarray(index * recordBytes, (index + 1) * recordBytes),
      place * recordBytes,
    );
  });
  return {
    ...examples,
    count: indices.length,
    records,
    keyOf: (place) => examples.keyOf(indices[place] ?? -1),
  };
}
