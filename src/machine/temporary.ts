/** Folders for temporary files. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';
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
 * @throws RunError when none can be made */
export function makeTemporaryFolder(prefix: string): string {
  const parent = tmpdir();
  try {
    return mkdtempSync(join(parent, prefix));
  } catch (error) {
    const cause = describeExhaustion(error) ?? causes[errorCode(error) ?? ''] ?? messageOf(error);
    throw new RunError(
      `no folder for temporary files can be made in ${parent}: ${cause}. Set TMPDIR to a folder that can be written.`,
    );
  }
}
