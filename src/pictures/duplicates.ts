/** Finds pictures with the same pixels. */
import type { Split } from '../data/dataset.ts';

export interface Comparable {
  readonly path: string;
  readonly label: number;
  readonly split: Split;
  /** A digest of the pixels. */
  readonly digest: string;
}

/** Two pictures with the same pixels, by their paths. */
export type Pair = readonly [first: string, second: string];

export interface Duplicates {
  /** Test and validation pictures that are also training pictures, so the network may have memorized their class: pairs of a
   * training picture and the other. */
  readonly leaks: readonly Pair[];
  /** Pictures with the same pixels but different classes. */
  readonly conflicts: readonly Pair[];
}

export function findDuplicates(pictures: readonly Comparable[]): Duplicates {
  const training = new Map<string, Comparable>();
  const first = new Map<string, Comparable>();
  for (const picture of pictures) {
    if (picture.split === 'train' && !training.has(picture.digest)) training.set(picture.digest, picture);
    if (!first.has(picture.digest)) first.set(picture.digest, picture);
  }
  const pairs = (from: ReadonlyMap<string, Comparable>, isPair: (a: Comparable, b: Comparable) => boolean) =>
    pictures.flatMap((picture): readonly Pair[] => {
      const other = from.get(picture.digest);
      return other !== undefined && isPair(other, picture) ? [[other.path, picture.path]] : [];
    });
  return {
    leaks: pairs(training, (_, { split }) => split !== 'train'),
    conflicts: pairs(first, (a, b) => a.label !== b.label),
  };
}
