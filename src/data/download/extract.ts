/** Extracts the archive into the folder of the data set. The folder gets its name only after everything is verified. */
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
import { partialName } from '../data-folder.ts';
import type { DatasetDescription } from '../dataset.ts';
import { folderOf, loadExamples } from '../files.ts';
import { recordBytes } from '../record.ts';

/** The maximum size of an entry, unless the data files are larger. The archive also contains a page of text. */
const mostOtherBytes = 1 << 20;

/** Extracts the files of the data set from a .tar.gz into `<dataDir>/<folder>`. Nothing else is written, whatever
 * paths the entries have.
 * @throws RunError that says what is wrong with the archive, and with which entry, file or record
 * @throws StoppedError when `signal` is aborted */
export async function extractArchive(
  tarball: string,
  dataDir: string,
  dataset: DatasetDescription,
  signal?: AbortSignal,
): Promise<void> {
  const partial = join(dataDir, partialName(dataset, randomBytes(4).toString('hex')));
  let last: string | undefined;
  try {
    await mkdir(join(partial, dataset.folder), { recursive: true });
    for await (const { header, body } of entriesOf(tarball)) {
      requireRunning(signal, `${tarball} is kept; run the same command to continue`);
      last = shownPath(header);
      const name = wantedName(tarball, header, dataset);
      if (name === undefined) await body.cancel();
      else await writeFile(join(partial, dataset.folder, name), body, { flush: true });
    }
    // These are the same checks as before training: the sizes, and all labels.
    await loadExamples(partial, dataset, 'train', signal);
    await loadExamples(partial, dataset, 'test', signal);
    await rename(join(partial, dataset.folder), folderOf(dataDir, dataset));
  } catch (error) {
    throw asRunError(tarball, last, partial, dataDir, error);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Returns the entries of an archive, in order. The body of an entry must be read or canceled before the next is requested. */
function entriesOf(tarball: string): AsyncIterable<ParsedTarEntry> {
  const unpacked = pipeline(createReadStream(tarball), createGunzip(), () => {
    // Nothing is done here, because readers of the stream of entries receive the error too.
  });
  // Without `strict`, damaged archives are accepted.
  return Readable.toWeb(unpacked).pipeThrough(createTarDecoder({ strict: true }));
}

function shownPath({ name }: TarHeader): string {
  return oneLine(shortened(name));
}

/** Returns the name under which to extract an entry, or undefined for an entry that is not needed.
 * @throws RunError for an entry that points outside the folder, is too large, or is neither a file nor a folder */
function wantedName(tarball: string, header: TarHeader, dataset: DatasetDescription): string | undefined {
  const { name: path, type, size } = header;
  const shown = shownPath(header);
  const parts = path.split('/');
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path) || parts.includes('..')) {
    throw new RunError(
      `${tarball}: the entry ${shown} points outside the archive's folder; nothing was extracted`,
    );
  }
  if (type !== 'file' && type !== 'directory')
    throw new RunError(`${tarball}: the entry ${shown} is a link or a device; nothing was extracted`);
  const ofRecord = recordBytes(dataset.record);
  const largest = Math.max(mostOtherBytes, ...dataset.files.map(({ records }) => records * ofRecord));
  if (size > largest)
    throw new RunError(`${tarball}: ${shown} is too large: found ${size} bytes, expected at most ${largest}`);
  const [folder, name, ...deeper] = parts.filter((part) => part !== '.' && part !== '');
  if (type !== 'file' || folder !== dataset.folder || name === undefined || deeper.length > 0)
    return undefined;
  const namesFiles = dataset.record.labels.map(({ namesFile }) => namesFile);
  const known = [...namesFiles, ...dataset.files.map((file) => file.name)];
  return known.includes(name) ? name : undefined;
}

/** Explains an error of modern-tar. Returns undefined for other errors.
 * @param last the name of the last entry that was read. The damage may be in this entry or slightly after it */
function damage(message: string, last: string | undefined): string | undefined {
  if (message === 'Tar archive is truncated.')
    return last === undefined ? 'is cut short near its start' : `is cut short in or after ${last}`;
  const [, what] = /^Invalid (?:tar )?(.*)[.]$/.exec(message) ?? [];
  if (what === undefined) return undefined;
  const where = last === undefined ? 'near its start' : `after ${last}`;
  return `not a tar archive, or damaged: bad ${what} ${where}`;
}

/** Converts an error to one that can be shown. The path of the partial folder is replaced in the message, because that folder
 * no longer exists when the message is read. */
function asRunError(
  tarball: string,
  last: string | undefined,
  partial: string,
  dataDir: string,
  error: unknown,
): Error {
  if (error instanceof StoppedError) return error;
  if (isDiskError(error) && error.path !== tarball) return cannotBeWritten(dataDir, 'dataDir', error);
  const message = messageOf(error).replaceAll(partial, dataDir);
  if (error instanceof RunError)
    return new RunError(message.includes(tarball) ? message : `${tarball}: ${message}`, { cause: error });
  const what = damage(message, last) ?? `cannot be extracted (${message}); not an archive, or damaged`;
  return new RunError(`${tarball}: ${what}`, { cause: error });
}
