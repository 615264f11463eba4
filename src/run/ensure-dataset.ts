/** The data set of a run, downloaded or drawn where it is missing. */
import { command } from '../command.ts';
import type { DatasetDescription } from '../data/dataset.ts';
import { type DownloadOptions, download } from '../data/download/download.ts';
import { FetchError } from '../data/download/fetch-file.ts';
import { folderOf } from '../data/files.ts';
import { requireNotMisplaced } from '../data/misplaced.ts';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { exists } from '../disk/exists.ts';
import { shellWord } from '../disk/shell-word.ts';
import { RunError } from '../errors.ts';

/** Draws the generated set, or downloads the data set as the tutorial does, where its folder is missing.
 * @throws RunError when it cannot be downloaded or written, with alternatives */
export async function ensureDataset(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  if (dataset.archive === undefined) {
    await ensureSynthetic(dataDir, options);
    return;
  }
  // A folder that lacks files belongs to the user: reading it names the first that is missing.
  if (await exists(folderOf(dataDir, dataset))) return;
  await requireNotMisplaced(dataDir, dataset);
  await fetchDataset(dataset, dataDir, options);
}

/** @throws RunError when it cannot be downloaded or written, with alternatives */
export async function fetchDataset(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  try {
    await download(dataset, dataDir, options);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    const fetching = command(`download --data-dir ${shellWord(dataDir)}`);
    throw new RunError(
      `${dataset.title} is not in ${dataDir} and cannot be downloaded: ${error.message}\n` +
        `  From a copy: ${fetching} --tarball FILE; from a mirror: \`url: ADDRESS\`.\n` +
        '  Without: `dataset: synthetic` trains on drawn pictures.',
      { cause: error },
    );
  }
}
