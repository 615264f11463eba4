/** Training and held-out examples in the memory of a page: the generated set, or the user's own pictures. */
import { aFunction, requireWholeNumber, unexpected } from '../arguments.ts';
import { ChannelLevels } from '../data/channel-levels.ts';
import { type DatasetDescription, examplesIn } from '../data/dataset.ts';
import { synthetic } from '../data/datasets/synthetic.ts';
import type { Examples } from '../data/examples.ts';
import { describePictures } from '../data/pictures.ts';
import { encodeRecord, type ImageShape, imageBytes, recordBytes } from '../data/record.ts';
import { drawRecords } from '../data/synthetic/records.ts';
import { UsageError } from '../errors.ts';
import { permutation } from '../input/order.ts';
import { counted } from '../wording.ts';

/** What a network in a page is trained on, and what it is scored on. */
export interface PageExamples {
  /** What it learns from. */
  readonly training: Examples;
  /** What it is scored on. */
  readonly heldOut: Examples;
}

/** A picture of a class. */
export interface LabeledPicture {
  /** The index of its class. */
  readonly label: number;
  /** [C, H, W] */
  readonly pixels: Uint8Array;
  /** The recording to which it belongs, if it was recorded. */
  readonly sequence?: number | undefined;
}

/** The shape of the pictures of a page. */
export const pageImage: ImageShape = [3, 32, 32];
/** The bounds of the number of classes. */
export const pageClasses = { least: 2, most: 10 } as const;
/** One picture of this many of a class is held out. */
const heldOutEvery = 5;

/** Draws the generated set, the same as in Node.js.
 * @param onProgress called with the fraction that is drawn. The drawing continues when its promise is fulfilled */
export async function drawGeneratedSet(
  onProgress: (done: number) => Promise<void> = () => Promise.resolve(),
): Promise<PageExamples> {
  aFunction('onProgress', onProgress);
  const [training, test] = (['train', 'test'] as const).map((split) => examplesIn(synthetic, split));
  const [trainingCount = 0, testCount = 0] = [training, test];
  const size = recordBytes(synthetic.record);
  const perTurn = 250;
  const draw = async (split: 'train' | 'test', count: number, before: number): Promise<Examples> => {
    const records = new Uint8Array(count * size);
    for (let first = 0; first < count; first += perTurn) {
      records.set(drawRecords(split, first, Math.min(perTurn, count - first)), first * size);
      await onProgress((before + first) / (trainingCount + testCount));
    }
    return examplesOf(synthetic, split, records);
  };
  return {
    training: await draw('train', trainingCount, 0),
    heldOut: await draw('test', testCount, trainingCount),
  };
}

/** Divides pictures into training and held-out examples. A fifth of each class, and at least one, is held out: of recordings of at least
 * five pictures the last ones, because neighbors are almost equal and would tell nothing about new pictures; of others, pictures that
 * depend on the seed.
 * @throws UsageError for fewer than 2 or more than 10 classes, and for a class with fewer than two pictures */
export function examplesOfPictures(
  classes: readonly string[],
  pictures: readonly LabeledPicture[],
  seed: number = 0,
): PageExamples {
  for (const [name, list] of Object.entries({ classes, pictures }))
    if (!Array.isArray(list)) throw unexpected(name, list, 'an array');
  requireWholeNumber('seed', seed, 0);
  const { least, most } = pageClasses;
  if (classes.length < least || classes.length > most)
    throw new UsageError(
      `found ${counted(classes.length, 'class', 'classes')}, expected ${least} to ${most}`,
    );
  const levels = new ChannelLevels();
  const training: LabeledPicture[] = [];
  const heldOut: LabeledPicture[] = [];
  for (const [label, name] of classes.entries()) {
    const ofClass = pictures.filter((picture) => picture.label === label);
    if (ofClass.length < 2)
      throw new UsageError(
        `${name}: found ${counted(ofClass.length, 'picture')}, expected at least 2: one to learn from, and one to check with`,
      );
    const isHeldOut = heldOutIn(
      ofClass.map(({ sequence }) => sequence),
      seed,
      label,
    );
    for (const [index, picture] of ofClass.entries())
      (isHeldOut.has(index) ? heldOut : training).push(picture);
  }
  for (const { pixels } of training) levels.add(pixels);
  const files = [
    { name: 'train.bin', split: 'train' as const, records: training.length },
    { name: 'test.bin', split: 'test' as const, records: heldOut.length },
  ];
  const statistics = levels.statistics();
  const dataset = describePictures({ origin: undefined, classes, image: pageImage, statistics, files });
  return {
    training: examplesOf(dataset, 'train', recordsOf(dataset, training)),
    heldOut: examplesOf(dataset, 'test', recordsOf(dataset, heldOut)),
  };
}

/** Returns the indices of the pictures of a class that are held out.
 * @param sequences the recording of each picture, or undefined */
function heldOutIn(
  sequences: readonly (number | undefined)[],
  seed: number,
  label: number,
): ReadonlySet<number> {
  const recordings = new Map<number, number[]>();
  for (const [index, sequence] of sequences.entries())
    if (sequence !== undefined) recordings.set(sequence, [...(recordings.get(sequence) ?? []), index]);
  const long = [...recordings.values()].filter((indices) => indices.length >= heldOutEvery);
  const inLong = new Set(long.flat());
  const others = [...sequences.keys()].filter((index) => !inLong.has(index));
  const chosen = [...permutation(seed, label, others.length)]
    .filter((_, position) => position % heldOutEvery === 0)
    .flatMap((at) => others[at] ?? []);
  const ends = long.flatMap((indices) => indices.slice(-Math.floor(indices.length / heldOutEvery)));
  return new Set([...chosen, ...ends]);
}

/** Makes examples from records that are in memory, for example those that the page has stored.
 * @throws UsageError when the bytes are not whole records */
export function examplesOf(
  dataset: DatasetDescription,
  split: 'train' | 'test',
  records: Uint8Array,
): Examples {
  const count = records.length / recordBytes(dataset.record);
  if (!Number.isInteger(count))
    throw new UsageError(`${records.length} bytes are not whole records of ${dataset.title}`);
  return { dataset, split, count, records, keyOf: (index) => `${split}:${index}` };
}

function recordsOf(dataset: DatasetDescription, pictures: readonly LabeledPicture[]): Uint8Array {
  const size = recordBytes(dataset.record);
  const records = new Uint8Array(pictures.length * size);
  for (const [index, { label, pixels }] of pictures.entries()) {
    if (pixels.length !== imageBytes(dataset.record.image))
      throw new UsageError(`a picture has ${pixels.length} bytes of pixels, expected [3, 32, 32]`);
    records.set(encodeRecord(dataset.record, [label], pixels), index * size);
  }
  return records;
}
