/** From the archive to the data set's folder: verified before it gets its name, whole or not at all. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { cannotBeWritten, isDiskError } from '../../disk/writable.ts';
import { messageOf, RunError, requireRunning, StoppedError } from '../../errors.ts';
import { asideName } from '../data-folder.ts';
import { classNamesFile, type DatasetDescription } from '../dataset.ts';
import { folderOf, loadExamples } from '../files.ts';
import { recordBytes } from '../record.ts';
import { readTar, type TarEntry } from './tar.ts';

/** The archive's other files (a page of text) are small. */
const mostOtherBytes = 1 << 20;

/** Unpacks the data set's files from a .tar.gz into `<dataDir>/<folder>`. Nothing else is written, wherever the
 * archive's entries point.
 * @throws RunError naming what is wrong: the archive, an entry, a file or a record.
 * @throws StoppedError when it was stopped meanwhile. */
export async function extractArchive(
  tarball: string,
  dataDir: string,
  dataset: DatasetDescription,
  signal?: AbortSignal,
): Promise<void> {
  const aside = join(dataDir, asideName(dataset, randomBytes(4).toString('hex')));
  try {
    await mkdir(join(aside, dataset.folder), { recursive: true });
    for await (const entry of entriesOf(tarball, dataset)) {
      requireRunning(signal, `${tarball} stays; the same command continues`);
      const name = wantedName(tarball, entry, dataset);
      if (name !== undefined)
        await writeFile(join(aside, dataset.folder, name), entry.content, { flush: true });
    }
    // The same checks as before a training: sizes and every label.
    await loadExamples(aside, dataset, 'train', signal);
    await loadExamples(aside, dataset, 'test', signal);
    await rename(join(aside, dataset.folder), folderOf(dataDir, dataset));
  } catch (error) {
    throw asRunError(tarball, aside, dataDir, error);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function* entriesOf(
  tarball: string,
  { files }: DatasetDescription,
): AsyncGenerator<TarEntry, void, void> {
  const largest = Math.max(mostOtherBytes, ...files.map(({ records }) => records * recordBytes));
  yield* readTar(tarball, createReadStream(tarball).pipe(createGunzip()), largest);
}

/** The name under which the entry is kept, undefined for what is not needed.
 * @throws RunError for an entry that points out of the folder, or is neither file nor folder. */
function wantedName(
  tarball: string,
  { path, kind }: TarEntry,
  dataset: DatasetDescription,
): string | undefined {
  const parts = path.split('/');
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path) || parts.includes('..')) {
    throw new RunError(
      `${tarball}: the entry ${path} points out of the archive's own folder; nothing was extracted`,
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

/** Messages about the folder aside are meant for the archive: the folder is gone when they are read. */
function asRunError(tarball: string, aside: string, dataDir: string, error: unknown): Error {
  if (error instanceof StoppedError) return error;
  if (isDiskError(error) && error.path !== tarball) return cannotBeWritten(dataDir, 'dataDir', error);
  const said = messageOf(error).replaceAll(aside, dataDir);
  if (error instanceof RunError)
    return new RunError(said.includes(tarball) ? said : `${tarball}: ${said}`, { cause: error });
  return new RunError(`${tarball}: cannot be extracted (${said}); not an archive, or damaged`, {
    cause: error,
  });
}
