/**
 * Replaces a file so that at any moment, and after any crash, its path names either the old file or the complete new one.
 * The bytes are written to `<path>.tmp` in the same folder, because renaming is only atomic within a file system, and they
 * reach the disk before the rename. Then the folder is flushed, because a power failure could undo the rename.
 */
import { close as closeCallback, constants, fsync as fsyncCallback, open as openCallback } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../errors.ts';
import { registerUnfinished } from './unfinished.ts';
import { fileNotWritten } from './writable.ts';

/** The suffix of files that are being written. A process that is killed by SIGKILL leaves such a file behind. */
export const asideEnding = '.tmp';

/** O_SYNC replaces a flush after writing: Yarn's Plug'n'Play has no `FileHandle.sync`, and Node's permission model refuses
 * `fsync`, but both allow this flag. */
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_SYNC ?? 0);

/** The number of bytes that are written at a time, so that progress is visible on a slow disk. */
const pieceBytes = 1 << 20;

/** @param onProgress called whenever a piece has reached the disk
 * @throws RunError with the path; the old file is left unchanged */
export async function writeAside(
  path: string,
  bytes: Uint8Array,
  onProgress: () => void = () => undefined,
): Promise<void> {
  const aside = path + asideEnding;
  const finish = registerUnfinished(() => rm(aside, { force: true }));
  try {
    await rm(aside, { force: true }); // left by a killed process, or a planted link
    await createSynced(aside, bytes, onProgress);
    await rename(aside, path);
    onProgress();
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw fileNotWritten(path, error);
  } finally {
    finish();
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

/** Flushes a folder to the disk, so that renames in it survive a power failure. Does nothing if the file system does not
 * support this or Node's permission model forbids it, because the rename has already been made.
 * @throws the error of the operating system if the disk is failing, or if the disk or the quota is full */
export async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot open folders, and NTFS journals renames.
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
