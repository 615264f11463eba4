import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, RunError } from '../errors.ts';
import { asideEnding } from './names.ts';

/**
 * Writes a file so that whoever opens `path`, at any moment and after any crash, finds the old file or the whole
 * new one. The bytes go aside into the same folder (renaming is atomic only within a file system) and reach the
 * disk before the name does; then the folder is synced, or a power cut could undo the renaming.
 * @throws RunError naming the path; what was there before is untouched.
 */
export async function writeAside(path: string, bytes: Uint8Array): Promise<void> {
  const aside = path + asideEnding;
  try {
    await writeSynced(aside, bytes);
    await rename(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true });
    throw new RunError(
      `cannot write ${path}: ${messageOf(error)}. Check that the folder may be written to and the disk has room.`,
    );
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot open a folder; NTFS journals the renaming itself.
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
