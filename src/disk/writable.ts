/** Whether files can be created in a folder: asked before anything is computed for it. */
import { access, constants, mkdir, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';

/** The folder itself, or the nearest above it that exists.
 * @throws Error where a file is in the way, or files cannot be created. */
export async function writableFolder(folder: string): Promise<string> {
  const { existing } = await existingFolder(folder);
  // Checked here, for creating a folder below a read-only file system fails with "no such file or directory".
  await access(existing, constants.W_OK | constants.X_OK);
  return existing;
}

/** The folder itself, or the nearest above it that exists, and the names that are missing below it.
 * @throws Error where a file or a link to nothing is in the way */
export async function existingFolder(
  folder: string,
): Promise<{ readonly existing: string; readonly missing: readonly string[] }> {
  const missing: string[] = [];
  let existing = resolve(folder);
  let found = await stat(existing).catch(notThere);
  while (found === undefined && dirname(existing) !== existing) {
    missing.unshift(existing);
    existing = dirname(existing);
    found = await stat(existing).catch(notThere);
  }
  if (found?.isDirectory() === false) throw new Error(`${existing} is a file`);
  for (const path of missing) {
    const target = await readlink(path).catch(() => undefined);
    if (target !== undefined)
      throw new Error(`${path} is a symbolic link to ${target}, which does not exist`);
  }
  return { existing, missing };
}

/** Creates a folder with those above it.
 * @param option that names it, such as `trainDir`
 * @throws RunError when it cannot be created, or no files in it. */
export async function makeFolder(folder: string, option: string): Promise<void> {
  try {
    await writableFolder(folder);
    const { missing } = await existingFolder(folder);
    // One by one: Node's recursive mkdir never returns for a folder below /proc.
    for (const path of missing) await mkdir(path).catch(alreadyThere);
  } catch (error) {
    throw cannotBeWritten(folder, option, error);
  }
}

/** The message for a folder that has no room, or where files cannot be created.
 * @param path of the file in it that is to blame */
export function cannotBeWritten(
  folder: string,
  option: string,
  error: unknown,
  path: string = folder,
): RunError {
  const what = path === folder ? '' : `${path} `;
  return new RunError(
    `${folder}: cannot be written (${what}${diskReason(error)}). Give another \`${option}\`.`,
    {
      cause: error,
    },
  );
}

/** The reason that an error of the file system gives, in words where the system's are not enough. */
export function diskReason(error: unknown): string {
  if (errorCode(error) !== 'ENOSPC') return messageOf(error);
  return `${messageOf(error)}: no room, or no inodes (see df and df -i)`;
}

/** Whether this is an error of the file system, such as a full disk, and not a fault of the program. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return errorCode(error) !== undefined && typeof error === 'object' && error !== null && 'syscall' in error;
}

function notThere(error: unknown): undefined {
  // A file on the way gives ENOTDIR: going up finds it, and names it.
  if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
  throw error;
}

function alreadyThere(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}
