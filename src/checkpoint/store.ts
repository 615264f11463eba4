/**
 * The checkpoints of one training folder: saved so that a kill at any moment loses nothing that was saved before,
 * and found again whatever such a kill left behind.
 *
 *     a save                                a kill right after it leaves
 *     1  remove leftovers of killed saves   nothing new
 *     2  write the data aside, rename it    a .tmp file, or a whole file that the index does not name
 *     3  replace the index                  files too many, the index right
 *     4  delete what is no longer kept      nothing undone
 *
 * So the index never names a file that is not there. (TensorFlow r0.11 deleted before it wrote the index.)
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asideEnding } from '../disk/write-aside.ts';
import { messageOf, RunError } from '../errors.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { indexName, readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';
import { checkpointName, stepOfName } from './names.ts';
import { retain } from './retention.ts';

export interface CheckpointStoreOptions {
  /** How many checkpoints stay, the newest; 0 keeps all. */
  readonly keep: number;
  /** Told of what was skipped or could not be tidied. */
  readonly onWarning: (message: string) => void;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

export class CheckpointStore {
  readonly #dir: string;
  readonly #keep: number;
  readonly #onWarning: (message: string) => void;

  constructor(dir: string, { keep, onWarning }: CheckpointStoreOptions) {
    this.#dir = dir;
    this.#keep = keep;
    // Who looks again and again finds the same: that is told once.
    const told = new Set<string>();
    this.#onWarning = (message) => {
      if (!told.has(message)) onWarning(message);
      told.add(message);
    };
  }

  /** Saves a checkpoint and returns its path. Saves of one folder must not overlap.
   * @throws RunError when it cannot be written; the checkpoints before it are untouched. */
  async save(checkpoint: Checkpoint): Promise<string> {
    await this.#delete(leftovers(await namesIn(this.#dir)));
    const path = await writeCheckpoint(this.#dir, checkpoint);
    // A file of a later step can only be one that `latest` refused. It is not ours to delete, nor does it count.
    const upToThis = checkpointNames(await namesIn(this.#dir)).filter(
      (name) => stepOf(name) <= checkpoint.metadata.globalStep,
    );
    const { kept, surplus } = retain(upToThis, this.#keep);
    await writeCheckpointIndex(this.#dir, { latest: path, all: kept.map((name) => join(this.#dir, name)) });
    await this.#delete(surplus);
    return path;
  }

  /** The newest whole checkpoint, or undefined where there is none at all. Damaged ones are skipped with a warning.
   * @throws RunError when there are checkpoints and none of them is whole. */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const candidates = await this.#newestFirst();
    const problems: string[] = [];
    for (const path of candidates) {
      const found = await readOrProblem(path);
      if (typeof found === 'string') problems.push(found);
      else {
        for (const problem of problems) this.#onWarning(`skipped a checkpoint: ${problem}`);
        if (problems.length > 0) this.#onWarning(`the newest whole checkpoint is ${path}`);
        return { path, checkpoint: found };
      }
    }
    if (problems.length === 0) return undefined;
    // A training beside us may have replaced all that were listed.
    if ((await this.#newestFirst()).join('\n') !== candidates.join('\n')) return this.latest();
    throw new RunError(
      `no whole checkpoint in ${this.#dir}:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n\
Restore one of them from a copy, or train in another folder.`,
    );
  }

  /** Paths of all checkpoints, oldest first, damaged ones included. */
  async paths(): Promise<readonly string[]> {
    return (await this.#newestFirst()).reverse();
  }

  /** Paths of the checkpoints in the folder, also those that the index does not name yet, and of those that the
   * index names elsewhere. */
  async #newestFirst(): Promise<string[]> {
    const paths = checkpointNames(await namesIn(this.#dir)).map((name) => join(this.#dir, name));
    const here = new Set(paths.map((path) => basename(path)));
    for (const path of await this.#indexed()) {
      // Absolute paths go stale when a folder is moved: the file beside the index is the one that is meant.
      if (here.has(basename(path))) continue;
      if (stepOfName(basename(path)) === undefined) {
        this.#onWarning(
          `${join(this.#dir, indexName)} names ${path}, which is not ${checkpointName('<step>')}`,
        );
        continue;
      }
      here.add(basename(path));
      paths.push(path);
    }
    return paths.sort((a, b) => stepOf(b) - stepOf(a));
  }

  async #indexed(): Promise<readonly string[]> {
    try {
      const index = await readCheckpointIndex(this.#dir);
      return index === undefined ? [] : [index.latest, ...index.all];
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      this.#onWarning(`${error.message}; looking at the files of the folder instead`);
      return [];
    }
  }

  async #delete(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = join(this.#dir, name);
      await rm(path, { force: true }).catch((error: unknown) =>
        this.#onWarning(`cannot delete ${path}: ${messageOf(error)}`),
      );
    }
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new RunError(`cannot list the folder ${dir}: ${messageOf(error)}`);
  }
}

/** Those that are named like checkpoints, oldest first. */
function checkpointNames(names: readonly string[]): string[] {
  return names.filter((name) => stepOfName(name) !== undefined).sort((a, b) => stepOf(a) - stepOf(b));
}

function leftovers(names: readonly string[]): string[] {
  return names.filter((name) => {
    const target = name.endsWith(asideEnding) ? name.slice(0, -asideEnding.length) : '';
    return target === indexName || stepOfName(target) !== undefined;
  });
}

function stepOf(path: string): number {
  return stepOfName(basename(path)) ?? -1;
}

async function readOrProblem(path: string): Promise<Checkpoint | string> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (error instanceof RunError) return error.message;
    throw error;
  }
}
