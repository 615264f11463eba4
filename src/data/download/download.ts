/** A data set brought to a folder: what is there is verified and left, what is missing is fetched. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { messageOf, RunError } from '../../errors.ts';
import { alone } from '../data-folder.ts';
import type { Archive, DatasetDescription } from '../dataset.ts';
import type { DataEvent } from '../events.ts';
import { folderOf, loadExamples } from '../files.ts';
import { extractArchive } from './extract.ts';
import { type FetchOptions, fetchFile } from './fetch-file.ts';
import { requireArchive } from './verify.ts';

/** gzip's magic number (RFC 1952). */
const isStart = (first: Uint8Array) => first[0] === 0x1f && (first.length < 2 || first[1] === 0x8b);

export interface DownloadOptions
  extends Pick<FetchOptions, 'signal' | 'stallMillis' | 'pauseMillis' | 'retries'> {
  /** Instead of the archive's own. */
  readonly url?: string;
  /** An archive that is on the disk already. */
  readonly tarball?: string;
  readonly onEvent: (event: DataEvent) => void;
}

/** Brings a data set that has an archive.
 * @throws FetchError when no server gives it.
 * @throws RunError when it cannot be had; nothing half-done is left in place of something whole.
 * @throws StoppedError when it was stopped meanwhile. */
export async function download(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  const { archive } = dataset;
  if (archive === undefined) throw new RunError(`${dataset.title} is not downloaded, it is made here`);
  const folder = folderOf(dataDir, dataset);
  const already =
    (await isThere(dataDir, dataset, options.signal)) ||
    (await alone(dataDir, dataset, options, async () => {
      // Another process may have brought it while we waited.
      if (await isThere(dataDir, dataset, options.signal)) return true;
      await bring(dataset, archive, dataDir, options);
      return false;
    }));
  options.onEvent({ kind: 'ready', folder, already });
}

/** A folder that is there is never overwritten.
 * @throws RunError when its files are not whole, with what to do. */
async function isThere(dataDir: string, dataset: DatasetDescription, signal: AbortSignal): Promise<boolean> {
  if (!(await exists(folderOf(dataDir, dataset)))) return false;
  await loadExamples(dataDir, dataset, 'train', signal);
  await loadExamples(dataDir, dataset, 'test', signal);
  return true;
}

async function bring(
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
      'Give another `tarball`, or leave it out to fetch the file.',
      signal,
    );
  } else if (await exists(fetched)) {
    await requireArchive(fetched, archive, 'Move it aside, then it is fetched anew.', signal);
  } else {
    await fetchArchive(archive, fetched, options);
  }
  onEvent({ kind: 'extracting', tarball });
  await extractArchive(tarball, dataDir, dataset, signal);
}

/** Fetches and verifies. What was put together from several attempts and is wrong is fetched once more as a whole. */
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
