/** Exclusive use of the folder of the data sets. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockPurpose, waitForFolder } from '../disk/lock.ts';
import { cannotBeWritten, isDiskError } from '../disk/writable.ts';
import type { DatasetDescription } from './dataset.ts';
import type { DataOptions } from './events.ts';

/** A folder to write data to. */
export interface DataPlace {
  readonly dataDir: string;
  /** The name of the folder inside it that is written. */
  readonly folder: string;
  /** The option that names the data folder. */
  readonly option: string;
}

/** Returns where the files of a data set are written. */
export function placeOf(dataDir: string, { folder }: Pick<DatasetDescription, 'folder'>): DataPlace {
  return { dataDir, folder, option: 'dataDir' };
}

/** Waits for the lock of the data folder, deletes what killed processes left behind, and runs a task while holding the lock.
 * Without the lock, two writers would damage each other's unfinished files.
 * @throws RunError when the folder cannot be written, for example because its disk is full */
export async function withDataFolder<T>(
  place: DataPlace,
  { signal, onEvent }: DataOptions,
  task: () => Promise<T>,
): Promise<T> {
  const { dataDir, option } = place;
  const purpose: LockPurpose = { file: 'data.lock', doing: 'is writing data there', option };
  const unlock = await waitForFolder(dataDir, purpose, signal, (text) =>
    onEvent?.({ kind: 'waiting', text }),
  );
  try {
    await removeLeftovers(place);
    return await task();
  } catch (error) {
    throw isDiskError(error) ? cannotBeWritten(dataDir, option, error) : error;
  } finally {
    await unlock();
  }
}

/** Returns the name of an unfinished folder of a data set. A killed process may leave such a folder behind. */
export function partialName(dataset: Pick<DatasetDescription, 'folder'>, random: string): string {
  return `${dataset.folder}.partial-${random}`;
}

async function removeLeftovers({ dataDir, folder }: DataPlace): Promise<void> {
  const names = await readdir(dataDir);
  const leftovers = names.filter((name) => name.startsWith(partialName({ folder }, '')));
  for (const name of leftovers) await rm(join(dataDir, name), { recursive: true, force: true });
}
