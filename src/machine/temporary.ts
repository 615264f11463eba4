/** Folders for temporary files. */
import { existsSync, mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { byteSize } from '../wording.ts';
import { describeExhaustion } from './exhaustion.ts';

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
};

/** A new folder in the system's folder for temporary files, for the caller to remove.
 * @param prefix of its name, such as `cifar10-bench-`
 * @param bytes that will be written there
 * @throws RunError when none can be made, or there is too little room */
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
      `no folder for temporary files can be made in ${parent}: ${cause}. Set TMPDIR to a folder that can be written.`,
    );
  }
  if (room >= bytes) return folder;
  rmdirSync(folder);
  throw new RunError(
    `the folder for temporary files ${parent} has ${byteSize(room)} free, ${byteSize(bytes)} are needed. Set TMPDIR to a folder with more room.`,
  );
}

function causeOf(error: unknown, parent: string): string {
  // What the kernel shows as files (/proc) has no room for others, and says ENOENT.
  if (errorCode(error) === 'ENOENT' && existsSync(parent)) return 'nothing can be made there';
  return causes[errorCode(error) ?? ''] ?? messageOf(error);
}
