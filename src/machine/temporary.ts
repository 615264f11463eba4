/** Folders for temporary files. */
import { existsSync, mkdtempSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { byteSize } from '../wording.ts';
import { describeExhaustion } from './exhaustion.ts';

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  EACCES: 'this user has no permission to write there',
  EPERM: 'this user has no permission to write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
};

const made = new Set<string>();

/** Removes, when the process ends, the folders that the code that created them has not removed. */
export function removeTemporaryFolders(): void {
  for (const folder of made) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // The process is ending, so nothing can be done about a folder that cannot be removed.
    }
  }
  made.clear();
}

/** Creates a folder in the system's folder for temporary files. The caller must remove it.
 * @param prefix the beginning of the folder's name, such as `cifar10-bench-`
 * @param bytes the number of bytes that will be written to the folder
 * @throws RunError when the folder cannot be created, or there is too little space */
export function makeTemporaryFolder(prefix: string, bytes: number = 0): string {
  const parent = tmpdir();
  let room: number;
  let folder: string;
  try {
    const { bavail, bsize } = statfsSync(parent);
    room = bavail * bsize;
    folder = mkdtempSync(join(parent, prefix));
  } catch (error) {
    const cause = describeExhaustion(error) ?? causeOf(error, parent);
    throw new RunError(
      `cannot create a folder for temporary files in ${parent}: ${cause}. Set TMPDIR to a writable folder.`,
    );
  }
  if (room >= bytes) {
    made.add(folder);
    return folder;
  }
  rmdirSync(folder);
  throw new RunError(
    `too little space for temporary files in ${parent}: found ${byteSize(room)}, expected at least ${byteSize(bytes)}. Set TMPDIR to a folder with more space.`,
  );
}

function causeOf(error: unknown, parent: string): string {
  // Kernel file systems such as /proc report ENOENT when a folder cannot be created in them.
  if (errorCode(error) === 'ENOENT' && existsSync(parent)) return 'no files can be created there';
  return causes[errorCode(error) ?? ''] ?? messageOf(error);
}
