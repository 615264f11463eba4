/** The data of a run: one of the data sets of this program, or the user's own pictures. */
import { stat } from 'node:fs/promises';
import { aNumberWithin, aText, type OptionChecks, optional } from '../arguments.ts';
import type { DatasetDescription, DatasetName } from '../data/dataset.ts';
import { chooseDataset } from '../data/datasets.ts';
import type { DownloadOptions } from '../data/download/download.ts';
import { picturesName } from '../data/pictures.ts';
import { leadsInto } from '../disk/inside.ts';
import { RunError, UsageError } from '../errors.ts';
import { openPictures, type PicturesRequest } from '../pictures/open.ts';
import { oneLine } from '../wording.ts';
import { ensureDataset } from './ensure-dataset.ts';

/** The options about the user's own pictures that determine the data. */
export interface PictureOptions {
  /** The user's own pictures: a folder of class folders, a CSV file with the columns path and label, or a data folder that
   * pictures were imported to. */
  readonly data?: string | undefined;
  /** The height and the width of the images that are made of the pictures, in pixels. Default: 32. */
  readonly imageSize?: number | undefined;
  /** The fraction of the pictures of every class that are test images, if the pictures are not divided. Default: 0.2. */
  readonly testShare?: number | undefined;
  /** The seed that selects these test images. Default: 0. */
  readonly splitSeed?: number | undefined;
}

export const pictureBounds = {
  imageSize: { kind: 'integer', minimum: 8, maximum: 1024 },
  testShare: { kind: 'number', minimum: 0.01, maximum: 0.9 },
  splitSeed: { kind: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
} as const;

/** The checks of the options. Every new option needs a line here. */
export const pictureOptionChecks: OptionChecks<PictureOptions> = {
  data: optional(aText),
  imageSize: optional(aNumberWithin(pictureBounds.imageSize)),
  testShare: optional(aNumberWithin(pictureBounds.testShare)),
  splitSeed: optional(aNumberWithin(pictureBounds.splitSeed)),
};

/** The folder for the records of pictures. It does not affect results. */
export interface CacheOption {
  /** The folder for the records of the user's own pictures. Default: beside the pictures, `<data>.cifar10`. */
  readonly cache?: string | undefined;
}

export const cacheCheck: OptionChecks<CacheOption> = { cache: optional(aText) };

/** The data that a request names. */
export interface DataChoice extends PictureOptions {
  readonly dataset?: DatasetName | undefined;
  readonly labels?: string | undefined;
}

/** Requires a choice to name one kind of data.
 * @throws UsageError for a data set of this program together with options about pictures */
export function requireOneData({ dataset, labels, ...pictures }: DataChoice & CacheOption): void {
  if (dataset !== undefined) {
    const other = (['data', ...pictureNames] as const).find((name) => pictures[name] !== undefined);
    if (other !== undefined)
      throw new UsageError(`\`${other}\` and \`dataset\` cannot be combined; leave one of them out`);
  }
  if (labels !== undefined && pictures.data !== undefined)
    throw new UsageError(
      '`labels` and `data` cannot be combined: pictures have one label each; leave one of them out',
    );
}

const pictureNames = ['imageSize', 'testShare', 'splitSeed', 'cache'] as const;

/** Combines the choice of a request with that of its recipe. If the request names other data, what the recipe says about its own
 * data does not apply. */
export function combinedChoice(request: DataChoice, recipe: DataChoice): DataChoice {
  const isSame = (['dataset', 'data'] as const).every(
    (name) => request[name] === undefined || request[name] === recipe[name],
  );
  return isSame ? { ...choiceIn(recipe), ...choiceIn(request) } : choiceIn(request);
}

/** Returns the options of a choice that are defined. */
function choiceIn({ dataset, labels, data, imageSize, testShare, splitSeed }: DataChoice): DataChoice {
  const choice = { dataset, labels, data, imageSize, testShare, splitSeed };
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined));
}

/** The data of a run before it is read. */
export interface RunData {
  /** Describes the data. If pictures have not been imported yet, their statistics are unknown, and unreadable files are
   * counted too. */
  readonly dataset: DatasetDescription;
  /** Downloads, generates or imports the data, if necessary.
   * @throws RunError when that fails, and StoppedError when the signal is aborted */
  provide(options: DownloadOptions): Promise<ProvidedData>;
}

export interface ProvidedData {
  readonly dataset: DatasetDescription;
  /** The folder of the data set, for `loadExamples`. */
  readonly dataDir: string;
}

/** Where data is kept. */
export interface DataPlaces extends CacheOption {
  /** The folder of the data sets of this program. Pictures do not need it. */
  readonly dataDir?: string | undefined;
  /** The folders to which a run and an evaluation write. */
  readonly trainDir?: string | undefined;
  readonly evalDir?: string | undefined;
}

/** Finds the data that a choice names, or else that of a checkpoint, or else the data set `otherwise`.
 * @param before the data of the checkpoint that is resumed or evaluated, if there is one
 * @throws UsageError for options that contradict each other
 * @throws RunError when pictures cannot be found */
export async function findData(
  choice: DataChoice,
  before: DatasetDescription | undefined,
  places: DataPlaces,
  otherwise: DatasetName,
): Promise<RunData> {
  requireOneData({ ...choice, cache: places.cache });
  const ofPictures = before?.name === picturesName ? before : undefined;
  if (choice.data !== undefined || (choice.dataset === undefined && ofPictures !== undefined))
    return findPictures(choice, ofPictures, places);
  const other = pictureNames.find((name) => ({ ...choice, ...places })[name] !== undefined);
  if (other !== undefined)
    throw new UsageError(`\`${other}\` applies only to your own pictures; add \`data\`, or leave it out`);
  const dataset = chooseDataset(choice, before, otherwise);
  const { dataDir } = places;
  if (dataDir === undefined)
    throw new UsageError(
      `dataDir: found undefined, expected the folder of ${dataset.title}; for your own pictures, add \`data\``,
    );
  return {
    dataset,
    provide: async (options) => {
      await ensureDataset(dataset, dataDir, options);
      return { dataset, dataDir };
    },
  };
}

/** Finds pictures. What the request leaves open is as for the checkpoint, if it was trained on pictures. */
async function findPictures(
  { data, labels, imageSize, testShare, splitSeed }: DataChoice,
  before: DatasetDescription | undefined,
  { cache, trainDir, evalDir }: DataPlaces,
): Promise<RunData> {
  if (labels !== undefined)
    throw new UsageError('`labels`: pictures have one label each; leave it out, or give a `dataset`');
  const origin = before?.origin;
  const source = data ?? origin?.source;
  if (source === undefined)
    throw new RunError('the checkpoint does not say where its pictures are; give their place with `data`');
  if (data === undefined) await requirePresent(source);
  await requireOutside(source, { trainDir, evalDir });
  const isSame = origin !== undefined && (data === undefined || data === origin.source);
  const request: PicturesRequest = {
    source,
    imageSize: imageSize ?? before?.record.image[1],
    testShare: testShare ?? (isSame ? origin.testShare : undefined),
    splitSeed: splitSeed ?? (isSame ? origin.splitSeed : undefined),
    cache: cache ?? (isSame ? origin.cache : undefined),
  };
  const { description, dataDir, provide } = await openPictures(request);
  return {
    dataset: description,
    provide: async (options) => ({ dataset: (await provide(options)).dataset, dataDir }),
  };
}

/** Requires folders that are written to be outside the folder of the pictures, because their files would be taken for a class.
 * @param folders the folders by the name of their option */
async function requireOutside(
  source: string,
  folders: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [option, folder] of Object.entries(folders)) {
    // If the pictures are missing, this is reported when they are read.
    if (folder === undefined || !(await leadsInto(source, folder).catch(() => false))) continue;
    throw new RunError(
      `${oneLine(folder)} is inside the folder of the pictures, ${oneLine(source)}, so its files would be taken for a class; use ` +
        `another \`${option}\``,
    );
  }
}

/** Requires the pictures of a checkpoint to be where they were. */
async function requirePresent(source: string): Promise<void> {
  if ((await stat(source).catch(() => undefined)) !== undefined) return;
  throw new RunError(
    `the run was trained on the pictures in ${oneLine(source)}, which does not exist any more. If you moved them, give their new place with \`data\``,
  );
}
