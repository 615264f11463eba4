/** A data set brought to a folder: what is there is verified and left, what is missing is fetched. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, RunError } from '../../errors.ts';
import type { Archive, DatasetDescription } from '../dataset.ts';
import { folderOf, loadExamples } from '../files.ts';
import { extractArchive } from './extract.ts';
import { type FetchOptions, fetchFile } from './fetch-file.ts';

export interface DownloadOptions extends Omit<FetchOptions, 'bytes' | 'onProgress'> {
  /** Instead of the archive's own. */
  readonly url?: string;
  /** An archive that is on the disk already. */
  readonly tarball?: string;
  readonly onEvent: (event: DownloadEvent) => void;
}

export type DownloadEvent =
  | { readonly kind: 'progress'; readonly name: string; readonly received: number; readonly bytes: number }
  | { readonly kind: 'downloaded'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'extracting'; readonly tarball: string }
  | { readonly kind: 'ready'; readonly folder: string; readonly already: boolean };

/** Brings a data set that has an archive.
 * @throws RunError when it cannot be had; nothing half-done is left in place of something whole. */
export async function download(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  const { archive } = dataset;
  if (archive === undefined) throw new RunError(`${dataset.title} is not downloaded, it is made here`);
  const folder = folderOf(dataDir, dataset);
  if (await exists(folder)) {
    await requireGood(dataDir, dataset);
    options.onEvent({ kind: 'ready', folder, already: true });
    return;
  }
  await makeFolder(dataDir);
  const tarball = options.tarball ?? join(dataDir, archive.name);
  if (options.tarball !== undefined || (await exists(tarball))) await requireWhole(tarball, archive);
  else await fetchArchive(archive, tarball, options);
  options.onEvent({ kind: 'extracting', tarball });
  await extractArchive(tarball, dataDir, dataset);
  options.onEvent({ kind: 'ready', folder, already: false });
}

/** A folder that is there is never overwritten.
 * @throws RunError when its files are not whole, with what to do. */
async function requireGood(dataDir: string, dataset: DatasetDescription): Promise<void> {
  try {
    await loadExamples(dataDir, dataset, 'train');
    await loadExamples(dataDir, dataset, 'test');
  } catch (error) {
    const folder = folderOf(dataDir, dataset);
    throw new RunError(
      `${folder} is there and not whole. Move it aside, then it is fetched anew. (${messageOf(error)})`,
    );
  }
}

/** Fetches and verifies. What was put together from several attempts and is wrong is fetched once more as a whole. */
async function fetchArchive(archive: Archive, tarball: string, options: DownloadOptions): Promise<void> {
  const { name, bytes } = archive;
  const onProgress = (received: number) => options.onEvent({ kind: 'progress', name, received, bytes });
  const resumed = await exists(`${tarball}.part`);
  for (let attempt = 0; ; attempt++) {
    await fetchFile(options.url ?? archive.url, tarball, { ...options, bytes, onProgress });
    try {
      await requireWhole(tarball, archive);
      break;
    } catch (error) {
      await rename(tarball, `${tarball}.bad`);
      if (attempt > 0 || !resumed) throw new RunError(`${messageOf(error)} It is kept as ${tarball}.bad.`);
    }
  }
  options.onEvent({ kind: 'downloaded', name, bytes });
}

/** @throws RunError when the file is not the archive, byte for byte. */
async function requireWhole(tarball: string, { bytes, md5 }: Archive): Promise<void> {
  const { size } = await stat(tarball).catch((error: unknown) => {
    throw new RunError(`${tarball}: cannot be read (${messageOf(error)})`);
  });
  if (size !== bytes)
    throw new RunError(`${tarball}: found ${size} bytes, expected ${bytes}. Remove it and fetch it again.`);
  const hash = createHash('md5');
  await pipeline(createReadStream(tarball), hash);
  const found = hash.digest('hex');
  if (found !== md5)
    throw new RunError(`${tarball}: its MD5 is ${found}, expected ${md5}: it is damaged or another file.`);
}

async function makeFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
  } catch (error) {
    throw new RunError(`${dataDir}: cannot be made (${messageOf(error)}). Give another --data-dir.`);
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
