/** Divides pictures into those for training and those for the test. */
import { createHash } from 'node:crypto';
import type { Split } from '../data/dataset.ts';
import type { Part } from './source.ts';

/** What the division depends on. */
export interface Divisible {
  readonly label: number;
  readonly part: Part | undefined;
  /** A digest of the pixels. */
  readonly digest: string;
}

export interface Division {
  /** The split of each picture. */
  readonly splits: readonly Split[];
  /** Whether the source says which pictures are for the test. Otherwise the seed selected them. */
  readonly isGiven: boolean;
}

/**
 * Returns the split of every picture. If the source has test pictures, they are the test images. If it only has validation
 * pictures, these are. Otherwise the seed selects the same share of every class (stratified).
 *
 * The selection ranks the pictures of a class by a digest of seed and pixels. It therefore depends neither on names nor on the
 * order of files, changes little when pictures are added, and does not separate equal pictures of a class.
 */
export function divide(pictures: readonly Divisible[], testShare: number, seed: number): Division {
  const has = (part: Part) => pictures.some((picture) => picture.part === part);
  if (has('test')) return { splits: pictures.map(({ part }) => part ?? 'train'), isGiven: true };
  if (has('validation'))
    return { splits: pictures.map(({ part }) => (part === 'validation' ? 'test' : 'train')), isGiven: true };
  const chosen = chosenForTest(pictures, testShare, seed);
  return { splits: pictures.map((_, index) => (chosen.has(index) ? 'test' : 'train')), isGiven: false };
}

function chosenForTest(pictures: readonly Divisible[], testShare: number, seed: number): ReadonlySet<number> {
  const byClass = new Map<number, { readonly index: number; readonly rank: string }[]>();
  for (const [index, { label, digest }] of pictures.entries()) {
    const rank = createHash('sha256').update(`${seed} ${digest}`).digest('hex');
    const ofClass = byClass.get(label) ?? [];
    ofClass.push({ index, rank });
    byClass.set(label, ofClass);
  }
  const chosen = new Set<number>();
  for (const ofClass of byClass.values()) {
    const ranked = ofClass.toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
    const wanted = testCount(ranked.length, testShare);
    const last = ranked[wanted - 1]?.rank;
    // Equal pictures have the same rank. Those at the boundary all stay in training.
    const isCut = last !== undefined && ranked[wanted]?.rank === last;
    for (const { index, rank } of ranked.slice(0, wanted)) if (!isCut || rank !== last) chosen.add(index);
  }
  return chosen;
}

/** Returns how many pictures of a class are for the test: the share, but at least one, and not all. */
export function testCount(pictures: number, testShare: number): number {
  return Math.min(pictures - 1, Math.max(1, Math.round(pictures * testShare)));
}
