/** A share of the training examples kept out of training, to choose by: the test images must not be chosen by. */
import { RunError } from '../errors.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Examples, placeOf } from './examples.ts';
import { labelOf } from './record.ts';

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
 * @throws RunError when the share leaves one of the parts empty.
 */
export function holdOut(examples: Examples, share: number, seed: number): HeldOut {
  const held = new Set(
    examples.dataset.classes.flatMap((_, label) => heldOfClass(examples, label, share, seed)),
  );
  const all = Array.from({ length: examples.count }, (_, index) => index);
  if (held.size === 0 || held.size === examples.count) {
    throw new RunError(
      `a holdout of ${share} of ${examples.count} examples leaves nothing on one side; give another \`holdout\`, such as 0.1`,
    );
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
    if (labelOf(examples.records, placeOf(examples, index)) === label) ofClass.push(index);
  }
  return ofClass
    .map((index) => ({ index, key: stream.uint32() }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .slice(0, Math.round(share * ofClass.length))
    .map(({ index }) => index);
}

/** Some of the examples: a list over the same records, in shared memory for the reader threads. */
function only(examples: Examples, indices: readonly number[]): Examples {
  const places = new Uint32Array(new SharedArrayBuffer(indices.length * Uint32Array.BYTES_PER_ELEMENT));
  indices.forEach((index, place) => {
    places[place] = placeOf(examples, index);
  });
  return {
    ...examples,
    count: indices.length,
    places,
    keyOf: (place) => examples.keyOf(indices[place] ?? -1),
  };
}
