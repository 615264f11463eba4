/** Provides a data set in a folder: verifies it if it exists, and downloads it otherwise. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { messageOf, RunError } from '../../errors.ts';
import { placeOf, withDataFolder } from '../data-folder.ts';
import type { Archive, DatasetDescription } from '../dataset.ts';
import type { DataEvent } from '../events.ts';
import { folderOf, loadExamples } from '../files.ts';
import { extractArchive } from './extract.ts';
import { type FetchOptions, fetchFile } from './fetch-file.ts';
import { requireArchive } from './verify.ts';

/** Whether bytes begin like a gzip file, with the magic number of RFC 1952. */
const isStart = (first: Uint8Array) => first[0] === 0x1f && (first.length < 2 || first[1] === 0x8b);

export interface DownloadOptions
  extends Pick<FetchOptions, 'signal' | 'stallMillis' | 'pauseMillis' | 'retries'> {
  /** The URL to use instead of the URL of the archive. */
  readonly url?: string;
  /** The path of a copy of the archive to use instead of downloading it. */
  readonly tarball?: string;
  readonly onEvent: (event: DataEvent) => void;
}

/** Verifies a data set if its folder exists, and otherwise downloads it. A data set without an archive can only be verified.
 * @throws FetchError when the server or the network fails
 * @throws RunError for any other failure; no unfinished files are left under their final names
 * @throws StoppedError when `signal` is aborted */
export async function download(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  const { archive } = dataset;
  const folder = folderOf(dataDir, dataset);
  if (archive === undefined) {
    // This data set cannot be downloaded. Its files are verified, or reported as missing.
    await loadExamples(dataDir, dataset, 'train', options.signal);
    await loadExamples(dataDir, dataset, 'test', options.signal);
    options.onEvent({ kind: 'ready', folder, already: true });
    return;
  }
  const already =
    (await isPresent(dataDir, dataset, options.signal)) ||
    (await withDataFolder(placeOf(dataDir, dataset), options, async () => {
      // Another process may have downloaded it while this one waited for the lock.
      if (await isPresent(dataDir, dataset, options.signal)) return true;
      await fetchAndExtract(dataset, archive, dataDir, options);
      return false;
    }));
  options.onEvent({ kind: 'ready', folder, already });
}

/** Whether the folder of the data set exists. If it does, its files are verified. An existing folder is never overwritten.
 * @throws RunError with advice, when the folder exists but files are missing or damaged */
async function isPresent(
  dataDir: string,
  dataset: DatasetDescription,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await exists(folderOf(dataDir, dataset)))) return false;
  await loadExamples(dataDir, dataset, 'train', signal);
  await loadExamples(dataDir, dataset, 'test', signal);
  return true;
}

async function fetchAndExtract(
  dataset: DatasetDescription,
  archive: Archive,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  const { signal, onEvent } = options;
  const fetched = join(dataDir, archive.name);
  const tarball = options.tarball ?? fetched;
  if (options.tarball !== undefined) {
    await requireArchive(
      tarball,
      archive,
      'Use another `tarball`, or leave it out to fetch the file.',
      signal,
    );
  } else if (await exists(fetched)) {
    await requireArchive(fetched, archive, 'Move it away to download it again.', signal);
  } else {
    await fetchArchive(archive, fetched, options);
  }
  onEvent({ kind: 'extracting', tarball });
  await extractArchive(tarball, dataDir, dataset, signal);
}

/** Downloads and verifies the archive. If the archive is wrong, and an earlier process downloaded its beginning, the whole
 * archive is downloaded again. */
async function fetchArchive(archive: Archive, tarball: string, options: DownloadOptions): Promise<void> {
  const { name, bytes } = archive;
  const onProgress = (received: number) => options.onEvent({ kind: 'progress', name, received, bytes });
  const onWait = (text: string) => options.onEvent({ kind: 'waiting', text });
  const resumed = await exists(`${tarball}.part`);
  for (let attempt = 0; ; attempt++) {
    await fetchFile(options.url ?? archive.url, tarball, { ...options, bytes, isStart, onProgress, onWait });
    try {
      await requireArchive(tarball, archive, `It is kept as ${tarball}.bad.`, options.signal);
      break;
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      await rename(tarball, `${tarball}.bad`);
      if (attempt > 0 || !resumed) throw new RunError(messageOf(error), { cause: error });
    }
  }
  options.onEvent({ kind: 'downloaded', name, bytes });
}
