/**
 * A set of pictures that was imported: a folder with the records, and with `dataset.json`, which describes them and lists the
 * files that they were made of. The records have a part of their checksum in their name. An import writes new files, replaces
 * `dataset.json`, and then deletes the files that it no longer names, so that a set is complete at any moment.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChannelStatistics, DatasetFile, Split } from '../data/dataset.ts';
import { splits } from '../data/dataset.ts';
import type { ImageShape } from '../data/record.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { asideEnding, writeAside } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import {
  finiteNumber,
  listOf,
  oneOf,
  orNull,
  parseJson,
  type Reader,
  record,
  text,
  wholeNumber,
  withDefault,
} from '../readers.ts';
import { oneLine } from '../wording.ts';
import type { FileStamp } from './file-stamp.ts';
import type { Part } from './source.ts';

export const setFile = 'dataset.json';
const format = 'cifar10-pictures-1';
/** The size of the largest description, which is enough for millions of pictures. */
const mostBytes = 1 << 30;

/** A picture with its place in the records. */
export interface StoredPicture extends FileStamp {
  /** As in `FoundPicture`. */
  readonly path: string;
  readonly label: number;
  /** The part that the source assigns to it, or null if it assigns none. */
  readonly part: Part | null;
  readonly split: Split;
  /** The index of its record, among those of its split. */
  readonly record: number;
}

export interface StoredSkipped extends FileStamp {
  readonly path: string;
  readonly reason: string;
}

export interface StoredSet {
  readonly source: string;
  readonly imageSize: number;
  readonly testShare: number;
  readonly splitSeed: number;
  /** The version of the decoder, such as `sharp 0.35.5`. */
  readonly decoder: string;
  readonly classes: readonly string[];
  readonly statistics: ChannelStatistics;
  readonly files: readonly (DatasetFile & { readonly sha256: string })[];
  readonly pictures: readonly StoredPicture[];
  readonly skipped: readonly StoredSkipped[];
}

// Earlier versions did not store the time of the last change, so their pictures are decoded once more.
const stamp = { size: wholeNumber(0), modified: finiteNumber, changed: withDefault(finiteNumber, 0) };

const readSet: Reader<StoredSet> = record<StoredSet>({
  source: text,
  imageSize: wholeNumber(1),
  testShare: finiteNumber,
  splitSeed: wholeNumber(0),
  decoder: text,
  classes: listOf(text),
  statistics: record({ mean: listOf(finiteNumber), deviation: listOf(finiteNumber) }),
  files: listOf(record({ name: aFileName, split: oneOf(splits), records: wholeNumber(0), sha256: text })),
  pictures: listOf(
    record({
      path: text,
      ...stamp,
      label: wholeNumber(0),
      part: orNull(oneOf(splits)),
      split: oneOf(splits),
      record: wholeNumber(0),
    }),
  ),
  skipped: listOf(record({ path: text, reason: text, ...stamp })),
});

/** A name without a path, because the files are in the folder of the description. */
function aFileName(value: unknown, where: string): string {
  const name = text(value, where);
  if (!/[/\\]/.test(name)) return name;
  throw new RunError(`${where}: expected the name of a file in the same folder, found ${oneLine(name)}`);
}

/** Reads the description of a set. Returns undefined if there is none.
 * @throws RunError when the file cannot be read, or is not such a description */
export async function readStoredSet(folder: string): Promise<StoredSet | undefined> {
  const path = join(folder, setFile);
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path, { maximumBytes: mostBytes });
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw new RunError(`${oneLine(path)}: cannot be read (${oneLine(messageOf(error))})`, { cause: error });
  }
  try {
    return decoded(new TextDecoder().decode(bytes), oneLine(path));
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new RunError(`${error.message}. Delete ${oneLine(folder)} to import the pictures again`, {
      cause: error,
    });
  }
}

function decoded(json: string, file: string): StoredSet {
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (error) {
    throw new RunError(`${file}: not JSON (${messageOf(error)})`, { cause: error });
  }
  const found = record({ format: text })(value, file);
  if (found.format !== format)
    throw new RunError(`${file}: found the format ${oneLine(found.format)}, expected ${format}`);
  return readSet(value, file);
}

/** Returns the shape of the images of a set. */
export function imageShapeOf({ imageSize }: Pick<StoredSet, 'imageSize'>): ImageShape {
  return [3, imageSize, imageSize];
}

/** The records of a split. */
export interface SplitRecords {
  readonly split: Split;
  readonly records: number;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Returns the name of the file with these records. */
export function recordsFile({ split, sha256 }: Pick<SplitRecords, 'split' | 'sha256'>): string {
  return `${split}-${sha256.slice(0, 8)}.bin`;
}

/** Writes a set to its folder, which exists and is locked, in place of an earlier one.
 * @throws the error of the operating system or RunError; the earlier set is left unchanged */
export async function writeStoredSet(
  folder: string,
  set: StoredSet,
  parts: readonly SplitRecords[],
): Promise<void> {
  for (const part of parts) await writeAside(join(folder, recordsFile(part)), part.bytes);
  await writeFile(join(folder, 'classes.txt'), `${set.classes.join('\n')}\n`);
  await writeAside(join(folder, setFile), new TextEncoder().encode(encoded(set)));
  await removeOthers(
    folder,
    set.files.map(({ name }) => name),
  );
}

/** Encodes a set with one line per picture, so that two versions can be compared. */
function encoded({ pictures, skipped, ...set }: StoredSet): string {
  const lines = (items: readonly object[]) => items.map((item) => `  ${JSON.stringify(item)}`).join(',\n');
  const head = JSON.stringify({ format, ...set }, null, 1).replace(/\n}$/, '');
  return `${head},\n "pictures": [\n${lines(pictures)}\n ],\n "skipped": [\n${lines(skipped)}\n ]\n}\n`;
}

/** Removes the records of earlier sets, and what killed processes left behind. */
async function removeOthers(folder: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    const isOurs = /^(train|validation|test)-[0-9a-f]{8}\.bin/.test(name) || name === setFile + asideEnding;
    if (isOurs && !kept.includes(name)) await rm(join(folder, name), { force: true });
  }
}
