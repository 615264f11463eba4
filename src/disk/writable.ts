/** Can files be made in a folder? Asked before anything is computed for it. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, RunError } from '../errors.ts';

/** The folder itself, or the nearest above it that exists.
 * @throws Error where a file stands in the way, or files cannot be made. */
export async function writableFolder(folder: string): Promise<string> {
  let there = resolve(folder);
  let found = await stat(there).catch(missing);
  while (found === undefined && dirname(there) !== there) {
    there = dirname(there);
    found = await stat(there).catch(missing);
  }
  if (found?.isDirectory() === false) throw new Error(`${there} is a file`);
  // Asked here, for making a folder below a read-only file system fails with "no such file or directory".
  await access(there, constants.W_OK | constants.X_OK);
  return there;
}

/** Makes a folder with those above it.
 * @param flag that gives another one
 * @throws RunError when it cannot be made, or no files in it. */
export async function makeFolder(folder: string, flag: string): Promise<void> {
  try {
    await writableFolder(folder);
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw cannotBeWritten(folder, flag, error);
  }
}

/** What is said of a folder that has no room, or where files cannot be made. */
export function cannotBeWritten(folder: string, flag: string, error: unknown): RunError {
  return new RunError(`${folder}: cannot be written (${messageOf(error)}). Give another ${flag}.`);
}

/** Is this an error of the file system, such as a full disk? Then it is none of the program's. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

function missing(error: NodeJS.ErrnoException): undefined {
  // A file on the way gives ENOTDIR: going up finds it, and names it.
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
