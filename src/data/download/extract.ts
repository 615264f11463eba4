/** From the archive to the data set's folder: verified before it gets its name, whole or not at all. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createTarDecoder, type ParsedTarEntry, type TarHeader } from 'modern-tar';
import { cannotBeWritten, isDiskError } from '../../disk/writable.ts';
import { messageOf, RunError, requireRunning, StoppedError } from '../../errors.ts';
import { oneLine, shortened } from '../../wording.ts';
import { asideName } from '../data-folder.ts';
import { classNamesFile, type DatasetDescription } from '../dataset.ts';
import { folderOf, loadExamples } from '../files.ts';
import { recordBytes } from '../record.ts';

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
  let last: string | undefined;
  try {
    await mkdir(join(aside, dataset.folder), { recursive: true });
    for await (const { header, body } of entriesOf(tarball)) {
      requireRunning(signal, `${tarball} stays; the same command continues`);
      last = shownPath(header);
      const name = wantedName(tarball, header, dataset);
      if (name === undefined) await body.cancel();
      else await writeFile(join(aside, dataset.folder, name), body, { flush: true });
    }
    // The same checks as before a training: sizes and every label.
    await loadExamples(aside, dataset, 'train', signal);
    await loadExamples(aside, dataset, 'test', signal);
    await rename(join(aside, dataset.folder), folderOf(dataDir, dataset));
  } catch (error) {
    throw asRunError(tarball, last, aside, dataDir, error);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** The entries of an archive, in order. The body of each must be read or cancelled before the next one comes. */
function entriesOf(tarball: string): AsyncIterable<ParsedTarEntry> {
  const unpacked = pipeline(createReadStream(tarball), createGunzip(), () => {
    // An error arrives in the stream of entries too.
  });
  // Without `strict` damaged archives pass.
  return Readable.toWeb(unpacked).pipeThrough(createTarDecoder({ strict: true }));
}

function shownPath({ name }: TarHeader): string {
  return oneLine(shortened(name));
}

/** The name under which the entry is kept, undefined for what is not needed.
 * @throws RunError for an entry that points out of the folder, is too large, or is neither file nor folder. */
function wantedName(tarball: string, header: TarHeader, dataset: DatasetDescription): string | undefined {
  const { name: path, type, size } = header;
  const shown = shownPath(header);
  const parts = path.split('/');
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path) || parts.includes('..')) {
    throw new RunError(
      `${tarball}: the entry ${shown} points out of the archive's own folder; nothing was extracted`,
    );
  }
  if (type !== 'file' && type !== 'directory')
    throw new RunError(`${tarball}: the entry ${shown} is a link or a device; nothing was extracted`);
  const largest = Math.max(mostOtherBytes, ...dataset.files.map(({ records }) => records * recordBytes));
  if (size > largest)
    throw new RunError(`${tarball}: ${shown} has ${size} bytes, at most ${largest} are expected`);
  const [folder, name, ...deeper] = parts.filter((part) => part !== '.' && part !== '');
  if (type !== 'file' || folder !== dataset.folder || name === undefined || deeper.length > 0)
    return undefined;
  const known = [classNamesFile, ...dataset.files.map((file) => file.name)];
  return known.includes(name) ? name : undefined;
}

/** What is wrong with an archive, if it is modern-tar that says so. It may have read a little further than the last entry. */
function damage(said: string, last: string | undefined): string | undefined {
  if (said === 'Tar archive is truncated.')
    return last === undefined ? 'is cut short near its start' : `is cut short in or after ${last}`;
  const [, what] = /^Invalid (?:tar )?(.*)[.]$/.exec(said) ?? [];
  if (what === undefined) return undefined;
  const where = last === undefined ? 'near its start' : `after ${last}`;
  return `not a tar archive, or damaged: bad ${what} ${where}`;
}

/** Messages about the folder aside are meant for the archive: the folder is gone when they are read. */
function asRunError(
  tarball: string,
  last: string | undefined,
  aside: string,
  dataDir: string,
  error: unknown,
): Error {
  if (error instanceof StoppedError) return error;
  if (isDiskError(error) && error.path !== tarball) return cannotBeWritten(dataDir, 'dataDir', error);
  const said = messageOf(error).replaceAll(aside, dataDir);
  if (error instanceof RunError)
    return new RunError(said.includes(tarball) ? said : `${tarball}: ${said}`, { cause: error });
  const what = damage(said, last) ?? `cannot be extracted (${said}); not an archive, or damaged`;
  return new RunError(`${tarball}: ${what}`, { cause: error });
}
