/** Opens the user's own pictures as a data set: a folder of class folders, a list, or a data folder that they were imported to. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DatasetDescription, DatasetFile, PicturesOrigin } from '../data/dataset.ts';
import type { DataOptions } from '../data/events.ts';
import { describePictures, picturesFolder } from '../data/pictures.ts';
import { leadsInto } from '../disk/inside.ts';
import { RunError } from '../errors.ts';
import { alternatives, oneLine } from '../wording.ts';
import { type ImportSettings, importSource } from './import.ts';
import { findPictures, type PictureSource } from './source.ts';
import { testCount } from './split.ts';
import { imageShapeOf, readStoredSet, type StoredSet, setFile } from './stored-set.ts';

/** How pictures become records, if a request does not say it. */
export const pictureDefaults: ImportSettings = { imageSize: 32, testShare: 0.2, splitSeed: 0 };

/** A request for pictures. */
export interface PicturesRequest extends Partial<Undefinable<ImportSettings>> {
  /** A folder of class folders, a CSV file, or a data folder that pictures were imported to. */
  readonly source: string;
  /** The folder for the records. Default: `<source>.cifar10`. */
  readonly cache?: string | undefined;
  /** The option that names this folder, for messages. */
  readonly option?: 'cache' | 'dataDir';
}
type Undefinable<T> = { readonly [Name in keyof T]: T[Name] | undefined };

/** Pictures that were found. */
export interface Pictures {
  /** Describes the pictures. Before they are imported, their statistics are unknown, and unreadable files are counted too. */
  readonly description: DatasetDescription;
  /** The folder of the data set, for `loadExamples`. */
  readonly dataDir: string;
  /** Imports the pictures, unless this was done before and they have not changed.
   * @returns the final description, and whether the records existed
   * @throws as `importSource` does */
  provide(options?: DataOptions): Promise<ProvidedPictures>;
}

export interface ProvidedPictures {
  readonly dataset: DatasetDescription;
  readonly already: boolean;
}

/** Finds pictures, or the records that were made of them. Reads no picture.
 * @throws RunError when they cannot be found, or the request contradicts what was imported */
export async function openPictures(request: PicturesRequest): Promise<Pictures> {
  const path = resolve(request.source);
  const sets = await setsIn(path);
  return sets.length > 0 ? openImported(path, sets, request) : openSource(path, request);
}

/** A set in a data folder. */
interface FoundSet {
  readonly folder: string;
  readonly set: StoredSet;
}

/** Returns the sets in a data folder. The folder of a set may be given too. */
export async function setsIn(path: string): Promise<readonly FoundSet[]> {
  const names = await readdir(path).catch((): string[] => []);
  const folders = names.includes(setFile)
    ? [path]
    : names
        .filter((name) => name.startsWith(picturesFolder('')))
        .sort()
        .map((name) => join(path, name));
  const sets: FoundSet[] = [];
  for (const folder of folders) {
    const set = await readStoredSet(folder);
    if (set !== undefined) sets.push({ folder, set });
  }
  return sets;
}

/** A data set that pictures were imported to. */
export interface ImportedSet {
  /** The folder that contains the folder of the set, for `loadExamples`. */
  readonly dataDir: string;
  readonly dataset: DatasetDescription;
}

/** Returns the sets of pictures in a data folder, or the set whose own folder is given.
 * @throws RunError when a description cannot be read */
export async function importedSets(path: string): Promise<readonly ImportedSet[]> {
  return (await setsIn(resolve(path))).map(({ folder, set }) => {
    const { source, testShare, splitSeed } = set;
    const origin = { source, cache: undefined, testShare, splitSeed };
    return { dataDir: dirname(folder), dataset: describeStored(folder, set, origin) };
  });
}

function openImported(path: string, sets: readonly FoundSet[], request: PicturesRequest): Pictures {
  const contradiction = (['cache', 'testShare', 'splitSeed'] as const).find((name) => {
    const [found] = sets;
    return request[name] !== undefined && (name === 'cache' || request[name] !== found?.set[name]);
  });
  if (contradiction !== undefined)
    throw new RunError(
      `${oneLine(path)}: these pictures were already imported, so \`${contradiction}\` cannot be chosen; leave it out, or give the pictures themselves`,
    );
  const { folder, set } = setOfSize(path, sets, request.imageSize);
  const { testShare, splitSeed } = set;
  const dataset = describeStored(folder, set, { source: path, cache: undefined, testShare, splitSeed });
  return {
    description: dataset,
    dataDir: dirname(folder),
    provide: async () => ({ dataset, already: true }),
  };
}

function setOfSize(path: string, sets: readonly FoundSet[], imageSize: number | undefined): FoundSet {
  const sizes = sets.map(({ set }) => String(set.imageSize));
  const [first, second] = sets;
  if (imageSize === undefined && first !== undefined && second === undefined) return first;
  const wanted = imageSize ?? pictureDefaults.imageSize;
  const found = sets.find(({ set }) => set.imageSize === wanted);
  if (found !== undefined) return found;
  throw new RunError(
    `${oneLine(path)}: contains images of ${alternatives(sizes)} pixels, not of ${wanted}; use \`imageSize: ${sizes[0]}\`, or import the pictures again`,
  );
}

async function openSource(path: string, request: PicturesRequest): Promise<Pictures> {
  const source = await findPictures(path);
  const dataDir = request.cache === undefined ? `${path}.cifar10` : resolve(request.cache);
  const { option = 'cache' } = request;
  await requireOutside(dataDir, option, source);
  const imageSize = request.imageSize ?? pictureDefaults.imageSize;
  const folder = join(dataDir, picturesFolder(imageSize));
  const stored = await readStoredSet(folder);
  const {
    testShare = stored?.testShare ?? pictureDefaults.testShare,
    splitSeed = stored?.splitSeed ?? pictureDefaults.splitSeed,
  } = request;
  const settings = { imageSize, testShare, splitSeed };
  const cache = request.cache === undefined ? undefined : dataDir;
  const origin = { source: path, cache, testShare, splitSeed };
  return {
    description: describeFound(source, settings, origin),
    dataDir,
    provide: async (options) => {
      const { set, already } = await importSource(source, { folder, option }, settings, options);
      return { dataset: describeStored(folder, set, origin), already };
    },
  };
}

/** Records inside the folder of the pictures would be taken for pictures. */
async function requireOutside(
  dataDir: string,
  option: string,
  { root, isFolder }: PictureSource,
): Promise<void> {
  // A folder that cannot be written is reported by the import.
  if (!isFolder || !(await leadsInto(root, dataDir).catch(() => false))) return;
  throw new RunError(
    `${oneLine(dataDir)}: the records would be inside the folder of the pictures; use another \`${option}\``,
  );
}

/** Describes pictures that were found but not imported yet. */
function describeFound(
  { classes, pictures }: PictureSource,
  settings: ImportSettings,
  origin: PicturesOrigin,
): DatasetDescription {
  const files = filesOf(pictures, settings.testShare);
  const statistics = { mean: [0, 0, 0], deviation: [1, 1, 1] };
  return describePictures({ origin, classes, image: imageShapeOf(settings), statistics, files });
}

/** Returns the files that an import would make of the pictures, if it could decode all of them. */
function filesOf(pictures: PictureSource['pictures'], testShare: number): readonly DatasetFile[] {
  const hasTest = pictures.some(({ part }) => part === 'test');
  const counts = { train: 0, validation: 0, test: 0 };
  const ofClass = new Map<number, number>();
  for (const { part = 'train', label } of pictures) {
    counts[part === 'validation' && !hasTest ? 'test' : part]++;
    ofClass.set(label, (ofClass.get(label) ?? 0) + 1);
  }
  if (counts.test === 0)
    for (const count of ofClass.values()) {
      const chosen = testCount(count, testShare);
      counts.test += chosen;
      counts.train -= chosen;
    }
  return Object.entries(counts)
    .filter(([, records]) => records > 0)
    .map(([split, records]) => ({ name: `${split}.bin`, split: split as keyof typeof counts, records }));
}

/** Describes a stored set.
 * @param folder the folder of the set */
function describeStored(folder: string, set: StoredSet, origin: PicturesOrigin): DatasetDescription {
  const { classes, statistics, files } = set;
  const description = describePictures({ origin, classes, image: imageShapeOf(set), statistics, files });
  return { ...description, folder: basename(folder) };
}
