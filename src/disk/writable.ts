/** Checks that files can be created in a folder, before any work is done. */
import { access, constants, mkdir, readlink, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';

/** Returns the folder if it exists, and otherwise its nearest existing ancestor.
 * @throws Error when a part of the path is a file, or files cannot be created */
export async function writableFolder(folder: string): Promise<string> {
  const { existing } = await existingFolder(folder);
  // This is checked explicitly because mkdir on a read-only file system can fail with a misleading "no such file or directory".
  await access(existing, constants.W_OK | constants.X_OK);
  return existing;
}

/** Returns the folder if it exists, and otherwise its nearest existing parent, with the paths that are missing below that.
 * @throws Error when a part of the path is a file or a dangling link */
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
  if (found?.isDirectory() === false) throw withCode('ENOTDIR', `${existing} is a file`);
  for (const path of missing) {
    const target = await readlink(path).catch(() => undefined);
    if (target !== undefined)
      throw new Error(`${path} is a symbolic link to ${target}, which does not exist`);
  }
  return { existing, missing };
}

/** Creates a folder and its missing parents. Returns the folders that it created, outermost first.
 * @param option the option that names the folder, such as `trainDir`
 * @throws RunError when the folder cannot be created, or files cannot be created in it */
export async function makeFolder(folder: string, option: string): Promise<readonly string[]> {
  const created: string[] = [];
  try {
    await writableFolder(folder);
    const { missing } = await existingFolder(folder);
    // The folders are created one by one, because Node's recursive mkdir never returns for a folder below /proc.
    for (const path of missing) if (await isNew(path)) created.push(path);
    return created;
  } catch (error) {
    await removeEmpty(created);
    throw cannotBeWritten(folder, option, error);
  }
}

/** Removes the folders that a failed command created, except those that are not empty.
 * @param created the folders that `makeFolder` returned */
export async function removeEmpty(created: readonly string[]): Promise<void> {
  for (const path of created.toReversed()) await rmdir(path).catch(() => undefined);
}

/** Returns the error for a folder in which files cannot be created, for example because the disk is full.
 * @param path the file in the folder that caused the error */
export function cannotBeWritten(
  folder: string,
  option: string,
  error: unknown,
  path: string = folder,
): RunError {
  const what = path === folder ? '' : `${path} `;
  return new RunError(
    `${folder}: cannot be written (${what}${diskReason(error)}). Use another \`${option}\`.`,
    { code: 'CIFAR10_NOT_WRITABLE', data: { folder, option }, cause: error },
  );
}

/** Checks that a file can be created, or an existing one replaced. Its folder is not created.
 * @throws RunError when the file cannot be written */
export async function requireWritableFile(path: string): Promise<void> {
  try {
    const { existing, missing } = await existingFolder(dirname(path));
    if (missing[0] !== undefined) throw withCode('ENOENT', `the folder ${missing[0]} does not exist`);
    await access(existing, constants.W_OK | constants.X_OK);
    if ((await stat(path).catch(notThere))?.isDirectory() === true)
      throw withCode('EISDIR', 'it is a folder');
  } catch (error) {
    throw fileNotWritten(path, error);
  }
}

/** Returns the error for a file that cannot be written. */
export function fileNotWritten(path: string, error: unknown): RunError {
  return new RunError(`cannot write ${path}: ${diskReason(error)}. ${writeAdvice(error)}`, { cause: error });
}

/** Returns the reason that an error of the file system gives, with an explanation if the text of the system is not enough. */
export function diskReason(error: unknown): string {
  if (errorCode(error) !== 'ENOSPC') return messageOf(error);
  return `${messageOf(error)}: no space or no inodes left (see df and df -i)`;
}

/** Returns advice, as a sentence, for a file that could not be written. */
export function writeAdvice(error: unknown): string {
  return advice[errorCode(error) ?? ''] ?? 'Check that its folder is writable and the disk has room.';
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'Check that the disk has room.',
  EDQUOT: 'Check your quota on this disk.',
  EACCES: 'Check that this user may write there.',
  EPERM: 'Check that this user may write there.',
  EROFS: 'Its file system is read-only.',
  EIO: 'Check the disk.',
  ENOENT: 'Check that its folder exists.',
  ENOTDIR: 'Check that its folder exists.',
  EISDIR: 'Move it aside.',
  EUNSUITABLE: 'Move it aside.', // not a regular file (regular-file.ts)
};

/** Whether this is an error of the file system, such as a full disk, rather than a bug. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return errorCode(error) !== undefined && typeof error === 'object' && error !== null && 'syscall' in error;
}

function notThere(error: unknown): undefined {
  // A file in the path causes ENOTDIR. The search for an existing parent finds that file and reports it.
  if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
  throw error;
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Creates a folder unless it exists. Returns whether it was created. */
async function isNew(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
