/**
 * Imports pictures: decodes them once, and writes their records to a folder (`stored-set.ts`). Later imports only decode pictures
 * that were added or changed.
 */
import { hash } from 'node:crypto';
import { totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ChannelLevels } from '../data/channel-levels.ts';
import { withDataFolder } from '../data/data-folder.ts';
import { type Split, splits } from '../data/dataset.ts';
import type { DataOptions } from '../data/events.ts';
import { picturesRecord } from '../data/pictures.ts';
import { encodeRecord, imageBytes, pixelsOffset, recordBytes } from '../data/record.ts';
import { exists } from '../disk/exists.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { makeFolder, removeEmpty } from '../disk/writable.ts';
import { RunError } from '../errors.ts';
import { requireMemory } from '../machine/memory.ts';
import { byteSize, counted, oneLine, quoted } from '../wording.ts';
import { decoderVersion } from './decode.ts';
import { type Decoded, decodeAll } from './decode-all.ts';
import { findDuplicates, type Pair } from './duplicates.ts';
import type { FileStamp } from './file-stamp.ts';
import type { FoundPicture, PictureSource } from './source.ts';
import { type Division, divide } from './split.ts';
import {
  imageShapeOf,
  readStoredSet,
  recordsFile,
  type SplitRecords,
  type StoredPicture,
  type StoredSet,
  type StoredSkipped,
  setFile,
  writeStoredSet,
} from './stored-set.ts';

/** How pictures become records. */
export interface ImportSettings {
  /** The height and the width of the images, in pixels. */
  readonly imageSize: number;
  readonly testShare: number;
  readonly splitSeed: number;
}

/** How many files the events about skipped files and duplicates contain. */
const examplesShown = 10;

/** Where a set is written. */
export interface SetPlace {
  readonly folder: string;
  /** The option that names the folder that contains it, for messages. */
  readonly option: string;
}

/** A set, and whether the folder already contained it. */
export interface Imported {
  readonly set: StoredSet;
  readonly already: boolean;
}

/** Imports pictures, unless the folder already contains them unchanged.
 * @param place the folder of the set, which is created
 * @throws RunError when no picture of a class can be decoded, the decoder is not installed, or the folder cannot be written or
 * contains other pictures
 * @throws StoppedError when the signal is aborted; the folder is left unchanged */
export async function importSource(
  source: PictureSource,
  { folder, option }: SetPlace,
  settings: ImportSettings,
  options: DataOptions = {},
): Promise<Imported> {
  const before = await currentSet(source, folder, settings);
  if (before !== undefined) return { set: before, already: true };
  const place = { dataDir: dirname(folder), folder: basename(folder), option };
  return withDataFolder(place, options, async () => {
    // Another process may have imported the pictures while this one waited.
    const current = await currentSet(source, folder, settings);
    if (current !== undefined) return { set: current, already: true };
    const stored = await readStoredSet(folder);
    await requireSameSource(stored, source, { folder, option });
    const created = await makeFolder(folder, option);
    try {
      return { set: await importAll(source, folder, settings, stored, options), already: false };
    } finally {
      await removeEmpty(created);
    }
  });
}

/** Returns the set in a folder if it was made of these files with these settings, and its own files exist. */
async function currentSet(
  source: PictureSource,
  folder: string,
  settings: ImportSettings,
): Promise<StoredSet | undefined> {
  const set = await readStoredSet(folder);
  if (set === undefined || !isCurrent(set, source, settings)) return undefined;
  const found = await Promise.all(set.files.map(({ name }) => exists(join(folder, name))));
  return found.every((isFound) => isFound) ? set : undefined;
}

/** Whether the set was made of these files with these settings. */
function isCurrent(set: StoredSet, source: PictureSource, settings: ImportSettings): boolean {
  if (set.source !== source.path || set.imageSize !== settings.imageSize) return false;
  if (set.testShare !== settings.testShare || set.splitSeed !== settings.splitSeed) return false;
  if (set.classes.join('\n') !== source.classes.join('\n')) return false;
  const before = new Map(set.pictures.map((picture) => [picture.path, picture]));
  const skipped = new Map(set.skipped.map((file) => [file.path, file]));
  const isKnown = (picture: FoundPicture) => {
    const known = before.get(picture.path);
    if (known === undefined) return isUnchanged(skipped.get(picture.path), picture);
    return (
      isUnchanged(known, picture) && known.label === picture.label && known.part === (picture.part ?? null)
    );
  };
  return (
    source.pictures.length + source.skipped.length === before.size + skipped.size &&
    source.pictures.every(isKnown) &&
    source.skipped.every(({ path }) => skipped.has(path))
  );
}

function isUnchanged(before: FileStamp | undefined, now: FileStamp): boolean {
  return before?.size === now.size && before.modified === now.modified && before.changed === now.changed;
}

/** Refuses to replace the set of other pictures. A set whose source has been moved is replaced. */
async function requireSameSource(
  stored: StoredSet | undefined,
  source: PictureSource,
  { folder, option }: SetPlace,
): Promise<void> {
  if (stored === undefined || stored.source === source.path || !(await exists(stored.source))) return;
  throw new RunError(
    `${oneLine(folder)}: contains the pictures of ${oneLine(stored.source)}, not of ${oneLine(source.path)}; use another \`${option}\``,
  );
}

interface Read extends FoundPicture {
  readonly pixels: Uint8Array;
  readonly digest: string;
}

async function importAll(
  source: PictureSource,
  folder: string,
  settings: ImportSettings,
  stored: StoredSet | undefined,
  options: DataOptions,
): Promise<StoredSet> {
  const { signal, onEvent } = options;
  requireRoom(source.pictures.length, settings);
  // If the decoder is missing, this is reported before pictures are decoded.
  const decoder = await decoderVersion();
  const known = await knownPixels(folder, settings, stored, decoder);
  const isKnown = (picture: FoundPicture) => isUnchanged(known.get(picture.path), picture);
  const { pictures, classes } = source;
  const added = pictures.filter((picture) => !isKnown(picture));
  const reused = pictures.length - added.length;
  onEvent?.({
    kind: 'importing',
    ...{ source: source.path, folder, pictures: pictures.length, classes: classes.length, reused },
  });
  const decoded = await decodeAll(
    source.root,
    added.map(({ path }) => path),
    settings.imageSize,
    { signal, onProgress: (done) => onEvent?.({ kind: 'decoded', done, all: added.length }) },
  );
  const results = new Map<string, Decoded>(added.map(({ path }, index) => [path, decoded[index] ?? '']));
  const read: Read[] = [];
  const skipped: StoredSkipped[] = source.skipped.map((file) => ({
    ...{ ...file, size: 0, modified: 0, changed: 0 },
  }));
  for (const picture of pictures) {
    const pixels = results.get(picture.path) ?? known.get(picture.path)?.pixels ?? '';
    if (typeof pixels === 'string') {
      const { path, size, modified, changed } = picture;
      skipped.push({ path, reason: pixels, size, modified, changed });
    } else read.push({ ...picture, pixels, digest: checksum(pixels) });
  }
  const division = divide(read, settings.testShare, settings.splitSeed);
  requireEveryClass(source, read, division, skipped);
  if (skipped.length > 0)
    onEvent?.({
      kind: 'notUsed',
      count: skipped.length,
      examples: skipped.slice(0, examplesShown).map(({ path, reason }) => ({ path, reason })),
      list: join(folder, setFile),
    });
  reportDuplicates(read, division, options);
  const parts = splits
    .map((split) => recordsOfSplit(source, settings, split, read, division))
    .filter(({ records }) => records > 0);
  const set = describeSet(source, settings, read, division, parts, skipped, decoder);
  await writeStoredSet(folder, set, parts);
  const counted = (split: Split) => parts.find((part) => part.split === split)?.records ?? 0;
  onEvent?.({
    kind: 'imported',
    ...{ folder, training: counted('train'), validation: counted('validation'), test: counted('test') },
    isTestGiven: division.isGiven,
  });
  return set;
}

/** Requires enough memory for all pictures, first as pixels and then also as records.
 * @throws RunError with the memory that is needed and found */
function requireRoom(pictures: number, settings: ImportSettings): void {
  const bytes = 2 * pictures * imageBytes(imageShapeOf(settings));
  const { imageSize } = settings;
  const purpose = `importing ${counted(pictures, 'picture')} as images of ${imageSize}×${imageSize} pixels`;
  const advice = 'Use a smaller `imageSize` or fewer pictures';
  if (bytes > totalmem())
    throw new RunError(
      `${purpose} needs ${byteSize(bytes)} of memory, but this machine has ${byteSize(totalmem())}. ${advice}`,
      { code: 'CIFAR10_OUT_OF_MEMORY', data: { neededBytes: bytes } },
    );
  requireMemory(purpose, bytes, advice);
}

/** Returns the pixels of the pictures of an earlier import, by path. Returns nothing if its images have another size, or if one of
 * its files is damaged: then all pictures are decoded again. */
async function knownPixels(
  folder: string,
  { imageSize }: ImportSettings,
  stored: StoredSet | undefined,
  decoder: string,
): Promise<ReadonlyMap<string, StoredPicture & { readonly pixels: Uint8Array }>> {
  const known = new Map<string, StoredPicture & { readonly pixels: Uint8Array }>();
  if (stored === undefined || stored.imageSize !== imageSize || stored.decoder !== decoder) return known;
  const record = picturesRecord(stored.classes, imageShapeOf(stored));
  const [size, offset] = [recordBytes(record), pixelsOffset(record)];
  const records = new Map<Split, Uint8Array>();
  for (const { name, split, sha256 } of stored.files) {
    const bytes = await readRegularFile(join(folder, name)).catch(() => undefined);
    if (bytes === undefined || checksum(bytes) !== sha256) return known;
    records.set(split, bytes);
  }
  for (const picture of stored.pictures) {
    const start = picture.record * size;
    const pixels = records.get(picture.split)?.subarray(start + offset, start + size);
    if (pixels?.length === size - offset) known.set(picture.path, { ...picture, pixels });
  }
  return known;
}

function checksum(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** Requires every class to have a training picture.
 * @throws RunError with the reason why one of the pictures of the class cannot be used */
function requireEveryClass(
  { path, classes, pictures }: PictureSource,
  read: readonly Read[],
  { splits: assigned }: Division,
  skipped: readonly StoredSkipped[],
): void {
  const used = new Set(read.flatMap(({ label }, index) => (assigned[index] === 'train' ? [label] : [])));
  const empty = classes.findIndex((_, label) => !used.has(label));
  if (empty === -1) return;
  const ofClass = new Set(pictures.flatMap(({ label, path }) => (label === empty ? [path] : [])));
  const unread = skipped.filter((file) => ofClass.has(file.path));
  const [first] = unread;
  const reason =
    first === undefined
      ? ''
      : ` (${counted(unread.length, 'file')} cannot be used; the first is ${quoted(first.path)}: ${first.reason})`;
  throw new RunError(
    `${oneLine(path)}: no training picture of the class ${quoted(classes[empty])} can be decoded${reason}. Add pictures, or remove the class`,
  );
}

function reportDuplicates(
  read: readonly Read[],
  { splits: assigned }: Division,
  { onEvent }: DataOptions,
): void {
  const found = findDuplicates(
    read.map((picture, index) => ({ ...picture, split: assigned[index] ?? 'train' })),
  );
  const report = (kind: 'leaks' | 'conflicts', pairs: readonly Pair[]) => {
    if (pairs.length > 0) onEvent?.({ kind, count: pairs.length, examples: pairs.slice(0, examplesShown) });
  };
  report('leaks', found.leaks);
  report('conflicts', found.conflicts);
}

/** Encodes the records of a split, in the order of the source. */
function recordsOfSplit(
  source: PictureSource,
  settings: ImportSettings,
  split: Split,
  read: readonly Read[],
  { splits: assigned }: Division,
): SplitRecords {
  const record = picturesRecord(source.classes, imageShapeOf(settings));
  const size = recordBytes(record);
  const pictures = read.filter((_, index) => assigned[index] === split);
  const bytes = new Uint8Array(pictures.length * size);
  for (const [index, { label, pixels }] of pictures.entries())
    bytes.set(encodeRecord(record, [label], pixels), index * size);
  return { split, records: pictures.length, bytes, sha256: checksum(bytes) };
}

function describeSet(
  source: PictureSource,
  settings: ImportSettings,
  read: readonly Read[],
  { splits: assigned }: Division,
  parts: readonly SplitRecords[],
  skipped: readonly StoredSkipped[],
  decoder: string,
): StoredSet {
  const levels = new ChannelLevels();
  const counts = new Map<Split, number>();
  const pictures = read.map(
    ({ path, size, modified, changed, label, part, pixels }, index): StoredPicture => {
      const split = assigned[index] ?? 'train';
      const record = counts.get(split) ?? 0;
      counts.set(split, record + 1);
      if (split === 'train') levels.add(pixels);
      return { path, size, modified, changed, label, part: part ?? null, split, record };
    },
  );
  return {
    source: source.path,
    ...settings,
    decoder,
    classes: source.classes,
    statistics: levels.statistics(),
    files: parts.map(({ split, records, sha256 }) => ({
      name: recordsFile({ split, sha256 }),
      ...{ split, records, sha256 },
    })),
    pictures,
    skipped,
  };
}
