/** The folder of a training run, which is locked while the run trains. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointStore } from '../checkpoint/store.ts';
import { trainingLock as purpose } from '../checkpoint/training-lock.ts';
import { isLockLeftover, lockFolder } from '../disk/lock.ts';
import { moveAside } from '../disk/move-aside.ts';
import { asideEnding } from '../disk/write-aside.ts';
import type { RunError } from '../errors.ts';
import { isEventFileName } from '../summary/event-file-name.ts';
import { metricsFileName } from '../summary/metrics-file.ts';
import { dataSheetName } from './data-sheet-file.ts';
import { placementFileName } from './placement-file.ts';
import { recipeFileName } from './recipe-file.ts';
import { logFileName, oldLogFileName } from './run-log.ts';

export interface TrainDirOptions {
  /** Aborting the signal ends the wait for the lock. */
  readonly signal: AbortSignal;
  /** Called with the reason, when the lock is not available at once. */
  readonly onWait: (text: string) => void;
}

export class TrainDir {
  readonly #path: string;
  readonly #options: TrainDirOptions;
  readonly #lost: AbortController = new AbortController();
  #unlock: () => Promise<void> = async () => undefined;
  /** Whether the folder contained nothing when the training began. */
  #wasEmpty = false;

  private constructor(path: string, options: TrainDirOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Locks the folder, creates it if necessary, and deletes what killed training processes left in it.
   * @throws RunError when another process trains there, or the folder cannot be written */
  static async take(path: string, options: TrainDirOptions): Promise<TrainDir> {
    const folder = new TrainDir(path, options);
    await folder.#lock();
    await removeLeftovers(path);
    folder.#wasEmpty = await containsOnly(path, isLock);
    return folder;
  }

  /** A signal that is aborted with a RunError when another process has taken over the folder while this one was suspended. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Moves the contents of the folder aside. Returns their new path, or undefined if the folder was empty. */
  async moveAside(): Promise<string | undefined> {
    const names = await readdir(this.#path);
    if (names.every((name) => name === purpose.file)) return undefined;
    const moved = await moveAside(this.#path, [purpose.file]);
    this.#wasEmpty = await containsOnly(this.#path, isLock);
    const isRenamed = !moved.startsWith(join(this.#path, '/'));
    if (!isRenamed) return moved;
    await rm(join(moved, purpose.file), { force: true });
    await this.#unlock(); // the lock is in the folder that was renamed
    this.#unlock = async () => undefined;
    await this.#lock();
    return moved;
  }

  /** Unlocks the folder. If it was empty before the run and has no checkpoints, the other files of the run are removed. */
  async release(): Promise<void> {
    if (this.#wasEmpty && !this.lost.aborted) await removeUnsaved(this.#path).catch(() => undefined);
    await this.#unlock();
  }

  async #lock(): Promise<void> {
    const onLost = (error: RunError) => this.#lost.abort(error);
    this.#unlock = await lockFolder(this.#path, { ...purpose, onLost }, this.#options);
  }
}

const isLock = (name: string) => name === purpose.file;

async function containsOnly(dir: string, test: (name: string) => boolean): Promise<boolean> {
  return (await readdir(dir)).every(test);
}

/** The files besides event files that a run writes before its first checkpoint. */
const byproducts: readonly string[] = [
  ...[metricsFileName, recipeFileName, dataSheetName, placementFileName],
  ...[logFileName, oldLogFileName],
];

/** Whether a run writes a file with this name besides its checkpoints. Without a checkpoint, such files are useless. */
const isByproduct = (name: string) => byproducts.includes(name) || isEventFileName(name);

/** Removes the files of a run that has no checkpoints, unless the folder contains anything else. */
async function removeUnsaved(dir: string): Promise<void> {
  if (!(await containsOnly(dir, (name) => isLock(name) || isByproduct(name)))) return;
  for (const name of (await readdir(dir)).filter(isByproduct)) await rm(join(dir, name), { force: true });
}

async function removeLeftovers(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const unfinished = byproducts.map((name) => name + asideEnding);
  const leftovers = names.filter((name) => isLockLeftover(name, purpose) || unfinished.includes(name));
  for (const name of leftovers) await rm(join(dir, name), { force: true }).catch(() => undefined);
  for (const folder of [dir, join(dir, 'best')])
    await new CheckpointStore(folder, { keep: 0, onWarning: () => undefined })
      .removeLeftovers()
      .catch(() => undefined);
}
