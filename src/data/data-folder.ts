/** The folder of the data sets, while something is brought there. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockPurpose, waitForFolder } from '../disk/lock.ts';
import { cannotBeWritten, isDiskError } from '../disk/writable.ts';
import type { DatasetDescription } from './dataset.ts';
import type { Bringing } from './events.ts';

const purpose: LockPurpose = {
  file: 'data.lock',
  doing: 'is bringing data there',
  option: 'dataDir',
};

/** Brings something to the folder while nobody else does: two at once would spoil each other's half-done files.
 * @throws RunError when the folder cannot be written, or its disk is full. */
export async function alone<T>(
  dataDir: string,
  dataset: DatasetDescription,
  { signal, onEvent }: Bringing,
  bring: () => Promise<T>,
): Promise<T> {
  const unlock = await waitForFolder(dataDir, purpose, signal, (text) =>
    onEvent?.({ kind: 'waiting', text }),
  );
  try {
    await removeLeftovers(dataDir, dataset);
    return await bring();
  } catch (error) {
    throw isDiskError(error) ? cannotBeWritten(dataDir, purpose.option, error) : error;
  } finally {
    await unlock();
  }
}

/** What is written aside has such a name, and keeps it when its process is killed. */
export function asideName(dataset: DatasetDescription, random: string): string {
  return `${dataset.folder}.partial-${random}`;
}

async function removeLeftovers(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const names = await readdir(dataDir);
  const leftovers = names.filter((name) => name.startsWith(asideName(dataset, '')));
  for (const name of leftovers) await rm(join(dataDir, name), { recursive: true, force: true });
}
