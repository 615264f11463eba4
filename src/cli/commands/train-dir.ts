/** The train folder, held by one training as long as that lasts. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockPurpose, lockFolder } from '../../disk/lock.ts';
import { moveAside } from '../../disk/move-aside.ts';

const purpose: LockPurpose = { file: 'lock', doing: 'is training there', flag: '--train-dir' };

export class TrainDir {
  readonly #path: string;
  #unlock: () => Promise<void>;

  private constructor(path: string, unlock: () => Promise<void>) {
    this.#path = path;
    this.#unlock = unlock;
  }

  /** @throws RunError when another process trains there, or it cannot be written. */
  static async take(path: string): Promise<TrainDir> {
    return new TrainDir(path, await lockFolder(path, purpose));
  }

  /** Makes room for a new run. Returns where the old one is, undefined where there was none. */
  async moveAside(): Promise<string | undefined> {
    const names = await readdir(this.#path);
    if (names.every((name) => name === purpose.file)) return undefined;
    const moved = await moveAside(this.#path);
    await rm(join(moved, purpose.file), { force: true });
    this.#unlock = async () => undefined;
    this.#unlock = await lockFolder(this.#path, purpose);
    return moved;
  }

  giveBack(): Promise<void> {
    return this.#unlock();
  }
}
