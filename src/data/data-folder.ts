/** Exclusive use of the folder of the data sets. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockPurpose, waitForFolder } from '../disk/lock.ts';
import { cannotBeWritten, isDiskError } from '../disk/writable.ts';
import type { DatasetDescription } from './dataset.ts';
import type { DataOptions } from './events.ts';

const purpose: LockPurpose = {
  file: 'data.lock',
  doing: 'is writing data there',
  option: 'dataDir',
};

/** Waits for the lock of the data folder, deletes what killed processes left behind, and runs a task while holding the lock.
 * Without the lock, two writers would damage each other's unfinished files.
 * @throws RunError when the folder cannot be written, for example because its disk is full */
export async function withDataFolder<T>(
  dataDir: string,
  dataset: DatasetDescription,
  { signal, onEvent }: DataOptions,
  task: () => Promise<T>,
): Promise<T> {
  const unlock = await waitForFolder(dataDir, purpose, signal, (text) =>
    onEvent?.({ kind: 'waiting', text }),
  );
  try {
    await removeLeftovers(dataDir, dataset);
    return await task();
  } catch (error) {
    throw isDiskError(error) ? cannotBeWritten(dataDir, purpose.option, error) : error;
  } finally {
    await unlock();
  }
}

/** Returns the name of an unfinished folder of a data set. A killed process may leave such a folder behind. */
export function partialName(dataset: DatasetDescription, random: string): string {
  return `${dataset.folder}.partial-${random}`;
}

async function removeLeftovers(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const names = await readdir(dataDir);
  const leftovers = names.filter((name) => name.startsWith(partialName(dataset, '')));
  for (const name of leftovers) await rm(join(dataDir, name), { recursive: true, force: true });
}
