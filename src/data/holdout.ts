/** Holds out a part of the training examples for validation, because the test images must not be used to choose anything. */
import { RunError } from '../errors.ts';
import { RandomStream } from '../tensor/random.ts';
import { ExampleReader, type Examples, recordIndexOf } from './examples.ts';

export interface HeldOut {
  /** The examples to train on. */
  readonly training: Examples;
  /** The held-out examples. */
  readonly validation: Examples;
}

/**
 * Holds out the same fraction of every class (stratified), selected by the seed. Both parts keep the order of the files.
 *
 * @param share the fraction, between 0 and 1, exclusive
 * @throws RunError when the training or the validation part would be empty
 */
export function holdOut(examples: Examples, share: number, seed: number): HeldOut {
  const held = new Set(
    byClass(examples).flatMap((ofClass, label) => heldOfClass(ofClass, label, share, seed)),
  );
  const all = Array.from({ length: examples.count }, (_, index) => index);
  if (held.size === 0 || held.size === examples.count) {
    const [found, all] = [share, examples.count].map((number) =>
      number.toLocaleString('en-US', { maximumFractionDigits: 20 }),
    );
    throw new RunError(
      `a holdout of ${found} of ${all} examples leaves one part empty; use a ${held.size === 0 ? `larger \`holdout\`, at least ${leastShare(examples)}` : 'smaller `holdout`'}`,
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

/** Returns the least fraction, in two digits, that holds out an example. The count of every class is rounded. */
function leastShare(examples: Examples): number {
  const largest = Math.max(...byClass(examples).map((ofClass) => ofClass.length));
  const unit = 10 ** (Math.floor(Math.log10(0.5 / largest)) - 1);
  return Number((Math.ceil(0.5 / largest / unit) * unit).toPrecision(2));
}

/** Returns the indices of the examples of each class, in order. */
function byClass(examples: Examples): readonly (readonly number[])[] {
  const reader = new ExampleReader(examples);
  const found: number[][] = examples.dataset.classes.map(() => []);
  for (let index = 0; index < examples.count; index++) found[reader.labelOf(index)]?.push(index);
  return found;
}

/** Selects the held-out examples of one class by sorting its examples by random keys. */
function heldOfClass(
  ofClass: readonly number[],
  label: number,
  share: number,
  seed: number,
): readonly number[] {
  const stream = new RandomStream(seed, 'holdout', 0, label);
  return ofClass
    .map((index) => ({ index, key: stream.uint32() }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .slice(0, Math.round(share * ofClass.length))
    .map(({ index }) => index);
}

/** Returns a subset of the examples, which shares the records of all examples. The list of indices is in shared memory, for the
 * reader threads. */
function only(examples: Examples, indices: readonly number[]): Examples {
  const recordIndices = new Uint32Array(
    new SharedArrayBuffer(indices.length * Uint32Array.BYTES_PER_ELEMENT),
  );
  indices.forEach((index, position) => {
    recordIndices[position] = recordIndexOf(examples, index);
  });
  return {
    ...examples,
    count: indices.length,
    recordIndices,
    keyOf: (position) => examples.keyOf(indices[position] ?? -1),
  };
}
