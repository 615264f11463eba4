/** The train folder, held by one training as long as that lasts. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { trainingLock as purpose } from '../../checkpoint/training-lock.ts';
import { isLockLeftover, lockFolder } from '../../disk/lock.ts';
import { moveAside } from '../../disk/move-aside.ts';
import type { RunError } from '../../errors.ts';

export interface TrainDirOptions {
  readonly signal: AbortSignal;
  readonly onWait: (text: string) => void;
  /** Called when another process took the folder while this one was suspended. */
  readonly onLost: (error: RunError) => void;
}

export class TrainDir {
  readonly #path: string;
  readonly #options: TrainDirOptions;
  #unlock: () => Promise<void>;

  private constructor(path: string, options: TrainDirOptions, unlock: () => Promise<void>) {
    this.#path = path;
    this.#options = options;
    this.#unlock = unlock;
  }

  /** Takes the folder and removes what killed trainings left in it.
   * @throws RunError when another process trains there, or it cannot be written. */
  static async take(path: string, options: TrainDirOptions): Promise<TrainDir> {
    const folder = new TrainDir(path, options, await locked(path, options));
    await removeLeftovers(path);
    return folder;
  }

  /** Makes room for a new run. Returns where the old one is, undefined if there was none. */
  async moveAside(): Promise<string | undefined> {
    const names = await readdir(this.#path);
    if (names.every((name) => name === purpose.file)) return undefined;
    const moved = await moveAside(this.#path, [purpose.file]);
    const isRenamed = !moved.startsWith(join(this.#path, '/'));
    if (!isRenamed) return moved;
    await rm(join(moved, purpose.file), { force: true });
    await this.#unlock(); // of the folder that is gone
    this.#unlock = async () => undefined;
    this.#unlock = await locked(this.#path, this.#options);
    return moved;
  }

  giveBack(): Promise<void> {
    return this.#unlock();
  }
}

function locked(path: string, { onLost, ...options }: TrainDirOptions): Promise<() => Promise<void>> {
  return lockFolder(path, { ...purpose, onLost }, options);
}

async function removeLeftovers(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const leftovers = names.filter((name) => isLockLeftover(name, purpose) || name === 'metrics.jsonl.tmp');
  for (const name of leftovers) await rm(join(dir, name), { force: true }).catch(() => undefined);
  for (const folder of [dir, join(dir, 'best')])
    await new CheckpointStore(folder, { keep: 0, onWarning: () => undefined })
      .removeLeftovers()
      .catch(() => undefined);
}
