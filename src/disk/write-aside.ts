/**
 * Replaces a file so that, at any moment and after any crash, its path names either the old file or the complete new one.
 * The bytes are written to `<path>.tmp` in the same folder (renaming is atomic only within a file system) and reach the
 * disk before the renaming; then the folder is flushed, or a power cut could undo it.
 */
import { close as closeCallback, constants, fsync as fsyncCallback, open as openCallback } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, RunError } from '../errors.ts';
import { diskReason } from './writable.ts';

/** Ending of the name of a file that is being written. A killed process leaves such a file behind. */
export const asideEnding = '.tmp';

/** Written synchronously instead of flushed afterwards: Yarn's Plug'n'Play has no `FileHandle.sync`, and Node's permission
 * model refuses `fsync`; both open files with this flag. */
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_SYNC ?? 0);

/** Bytes written in one go: a slow disk makes progress that can be seen. */
const pieceBytes = 1 << 20;

/** @param onProgress is called whenever a piece is on the disk
 * @throws RunError naming the path; what was there before is untouched. */
export async function writeAside(
  path: string,
  bytes: Uint8Array,
  onProgress: () => void = () => undefined,
): Promise<void> {
  const aside = path + asideEnding;
  try {
    await rm(aside, { force: true }); // of a killed process, or a link that would lead elsewhere
    await createSynced(aside, bytes, onProgress);
    await rename(aside, path);
    onProgress();
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new RunError(
      `cannot write ${path}: ${diskReason(error)}. Check that the folder may be written to and the disk has room.`,
      { cause: error },
    );
  }
}

async function createSynced(path: string, bytes: Uint8Array, onProgress: () => void): Promise<void> {
  const file = await open(path, createFlags, 0o666);
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, Math.min(pieceBytes, bytes.length - done))).bytesWritten;
      onProgress();
    }
  } finally {
    await file.close();
  }
}

const openDescriptor = promisify(openCallback);
const fsync = promisify(fsyncCallback);
const closeDescriptor = promisify(closeCallback);

/** Makes the names in a folder survive a power cut, where the system can. Some file systems and Node's permission model
 * refuse to flush folders; the renaming itself is done by then.
 * @throws the error of a disk that fails or is full */
export async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot open a folder; NTFS journals the renaming itself.
  const descriptor = await openDescriptor(path, 'r').catch(() => undefined);
  if (descriptor === undefined) return;
  try {
    await fsync(descriptor).catch((error: unknown) => {
      if (['EIO', 'ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) throw error;
    });
  } finally {
    await closeDescriptor(descriptor);
  }
}
