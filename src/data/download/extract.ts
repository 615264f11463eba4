/** Extracts the archive into the data set's folder, which gets its name only after everything is verified. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { cannotBeWritten, isDiskError } from '../../disk/writable.ts';
import { messageOf, RunError, requireRunning, StoppedError } from '../../errors.ts';
import { partialName } from '../data-folder.ts';
import { classNamesFile, type DatasetDescription } from '../dataset.ts';
import { folderOf, loadExamples } from '../files.ts';
import { recordBytes } from '../record.ts';
import { readTar, type TarEntry } from './tar.ts';

/** Maximum size of the archive's other files (a page of text). */
const mostOtherBytes = 1 << 20;

/** Extracts the data set's files from a .tar.gz into `<dataDir>/<folder>`. Nothing else is written, wherever entries point.
 * @throws RunError naming the fault and where it is: the archive, an entry, a file or a record
 * @throws StoppedError when `signal` is aborted */
export async function extractArchive(
  tarball: string,
  dataDir: string,
  dataset: DatasetDescription,
  signal?: AbortSignal,
): Promise<void> {
  const partial = join(dataDir, partialName(dataset, randomBytes(4).toString('hex')));
  try {
    await mkdir(join(partial, dataset.folder), { recursive: true });
    for await (const entry of entriesOf(tarball, dataset)) {
      requireRunning(signal, `${tarball} is kept; run the same command to continue`);
      const name = wantedName(tarball, entry, dataset);
      if (name !== undefined)
        await writeFile(join(partial, dataset.folder, name), entry.content, { flush: true });
    }
    // The same checks as before training: sizes and all labels.
    await loadExamples(partial, dataset, 'train', signal);
    await loadExamples(partial, dataset, 'test', signal);
    await rename(join(partial, dataset.folder), folderOf(dataDir, dataset));
  } catch (error) {
    throw asRunError(tarball, partial, dataDir, error);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function* entriesOf(
  tarball: string,
  { files }: DatasetDescription,
): AsyncGenerator<TarEntry, void, void> {
  const largest = Math.max(mostOtherBytes, ...files.map(({ records }) => records * recordBytes));
  yield* readTar(tarball, createReadStream(tarball).pipe(createGunzip()), largest);
}

/** The name to extract the entry under; undefined for entries that are not needed.
 * @throws RunError for an entry that points outside the folder, or is neither file nor folder */
function wantedName(
  tarball: string,
  { path, kind }: TarEntry,
  dataset: DatasetDescription,
): string | undefined {
  const parts = path.split('/');
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path) || parts.includes('..')) {
    throw new RunError(
      `${tarball}: the entry ${path} points outside the archive's folder; nothing was extracted`,
    );
  }
  if (kind === 'other')
    throw new RunError(`${tarball}: the entry ${path} is a link or a device; nothing was extracted`);
  const [folder, name, ...deeper] = parts.filter((part) => part !== '.' && part !== '');
  if (kind !== 'file' || folder !== dataset.folder || name === undefined || deeper.length > 0)
    return undefined;
  const known = [classNamesFile, ...dataset.files.map((file) => file.name)];
  return known.includes(name) ? name : undefined;
}

/** Replaces the path of the partial folder in messages: the folder no longer exists when they are read. */
function asRunError(tarball: string, partial: string, dataDir: string, error: unknown): Error {
  if (error instanceof StoppedError) return error;
  if (isDiskError(error) && error.path !== tarball) return cannotBeWritten(dataDir, '--data-dir', error);
  const message = messageOf(error).replaceAll(partial, dataDir);
  if (error instanceof RunError)
    return new RunError(message.includes(tarball) ? message : `${tarball}: ${message}`, { cause: error });
  return new RunError(`${tarball}: cannot be extracted (${message}); not an archive, or damaged`, {
    cause: error,
  });
}
