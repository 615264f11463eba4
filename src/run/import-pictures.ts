/** Imports the user's own pictures to a data folder. `cifar10 import` prints the events, and the library exports it. */
import { join } from 'node:path';
import { aText, type OptionChecks, required, requireOptions } from '../arguments.ts';
import type { DatasetDescription } from '../data/dataset.ts';
import { type DataOptions, dataChecks } from '../data/events.ts';
import { RunError } from '../errors.ts';
import { openPictures, setsIn } from '../pictures/open.ts';
import { oneLine } from '../wording.ts';
import { type PictureOptions, pictureOptionChecks } from './run-data.ts';

/** A request to import pictures. */
export interface ImportRequest extends Omit<PictureOptions, 'data'> {
  /** A folder of class folders, or a CSV file with the columns path and label. */
  readonly from: string;
  /** The folder for the records. It can then be passed as `data`. */
  readonly dataDir: string;
}

const { data: _, ...otherChecks } = pictureOptionChecks;
const importChecks: OptionChecks<ImportRequest> = {
  from: required(aText),
  dataDir: required(aText),
  ...otherChecks,
};

/** Decodes pictures and writes their records to a data folder, unless it contains them already. Only pictures that were added or
 * changed are decoded. The last event is `ready`.
 * @returns the description of the data set, for `loadExamples`
 * @throws UsageError for an option that is unknown or out of range
 * @throws RunError when the pictures cannot be found or imported
 * @throws StoppedError when the signal is aborted; what was imported before is left unchanged */
export async function importPictures(
  request: ImportRequest,
  options: DataOptions = {},
): Promise<DatasetDescription> {
  requireOptions(request, importChecks);
  requireOptions(options, dataChecks);
  const { from, dataDir, ...settings } = request;
  if ((await setsIn(from)).length > 0)
    throw new RunError(
      `${oneLine(from)}: contains pictures that were already imported, expected the pictures themselves`,
    );
  const pictures = await openPictures({ source: from, cache: dataDir, option: 'dataDir', ...settings });
  const { dataset, already } = await pictures.provide(options);
  options.onEvent?.({ kind: 'ready', folder: join(pictures.dataDir, dataset.folder), already });
  return dataset;
}
