/**
 * The checkpoints of one training folder. They are saved in such a way that a kill at any moment loses nothing that was
 * saved before, and they are found again whatever state the kill left behind.
 *
 *     steps of a save                       state if killed after the step
 *     1  delete leftovers of killed saves   unchanged
 *     2  write and rename the data          a .tmp file, or a complete file that is not indexed
 *     3  replace the index                  surplus files, but a correct index
 *     4  delete checkpoints not kept        complete
 *
 * The index therefore never names a file that does not exist or is known to be damaged. (TensorFlow r0.11 deleted files
 * before it wrote the index.)
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  aBoolean,
  aFunction,
  aText,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import { asideEnding } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { readCheckpoint, readCheckpointMetadata, writeCheckpoint } from './checkpoint.ts';
import { indexName, readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';
import type { Checkpoint } from './content.ts';
import type { CheckpointMetadata } from './metadata.ts';
import { checkpointName, stepOfName } from './names.ts';
import { retain } from './retention.ts';

/** Options of `CheckpointStore`. */
export interface CheckpointStoreOptions {
  /** How many of the newest checkpoints to keep; 0 keeps all. Damaged ones are not counted. */
  readonly keep: number;
  /** Called when something was skipped or could not be deleted, but only once per message. */
  readonly onWarning: (message: string) => void;
  /** Whether the caller holds the lock of the folder. Default: false; `train` then locks the folder while it runs. */
  readonly isLocked?: boolean;
  /** Called whenever a part of a save has reached the disk. */
  readonly onProgress?: () => void;
}

const storeChecks: OptionChecks<CheckpointStoreOptions> = {
  keep: required(aWholeNumber(0)),
  onWarning: required(aFunction),
  isLocked: optional(aBoolean),
  onProgress: optional(aFunction),
};

/** A checkpoint with the path of its file. */
export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/** `warnOfOtherRuns` compares at most this many of the newest checkpoints with the run. */
const mostCompared = 100;

/** The checkpoints of a training folder: saves and finds them, and deletes old ones. */
export class CheckpointStore {
  readonly #dir: string;
  /** Whether the caller holds the lock of the folder. */
  readonly isLocked: boolean;
  readonly #keep: number;
  readonly #onWarning: (message: string) => void;
  /** For each path, size and modification time that was seen: whether that file is undamaged. */
  readonly #verified = new Map<string, boolean>();
  readonly #onProgress: () => void;
  #lost: RunError | undefined;

  constructor(dir: string, options: CheckpointStoreOptions) {
    aText('dir', dir);
    requireOptions(options, storeChecks);
    const { keep, onWarning, isLocked = false, onProgress = () => undefined } = options;
    this.#onProgress = onProgress;
    this.isLocked = isLocked;
    this.#dir = dir;
    this.#keep = keep;
    const warned = new Set<string>();
    this.#onWarning = (message) => {
      if (!warned.has(message)) onWarning(message);
      warned.add(message);
    };
  }

  get dir(): string {
    return this.#dir;
  }

  /** Makes all later saves throw the error. This is called when another process has taken over the folder, because a save would
   * then delete that process's files. */
  refuseSaves(error: RunError): void {
    this.#lost = error;
  }

  /** Saves a checkpoint and returns its path. Calls must not overlap.
   * @throws RunError when it cannot be written or `refuseSaves` was called; earlier checkpoints are unchanged */
  async save(checkpoint: Checkpoint): Promise<string> {
    if (this.#lost !== undefined) throw this.#lost;
    await this.removeLeftovers();
    const path = await writeCheckpoint(this.#dir, checkpoint, this.#onProgress);
    await this.#note(path, true);
    // Files of later steps are the ones that `latest` skipped. They are neither deleted nor counted.
    const upToThis = checkpointNames(await namesIn(this.#dir)).filter(
      (name) => stepOf(name) <= checkpoint.metadata.globalStep,
    );
    const { kept, surplus } = await this.#divide(upToThis);
    await writeCheckpointIndex(this.#dir, { latest: path, all: kept.map((name) => join(this.#dir, name)) });
    this.#onProgress();
    await this.#delete(surplus);
    return path;
  }

  /** Deletes what killed saves left behind. Only the process that holds the lock of the folder may call this. */
  async removeLeftovers(): Promise<void> {
    await this.#delete(leftovers(await namesIn(this.#dir)));
  }

  /** Returns the newest undamaged checkpoint, or undefined if the folder has no checkpoint at all. Checkpoints that are
   * damaged, or whose name does not match their step, are skipped with a warning.
   * @throws RunError when there are checkpoints but none of them can be used */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const candidates = await this.#newestFirst();
    const problems: string[] = [];
    for (const path of candidates) {
      const found = await readOrProblem(path);
      await this.#note(path, typeof found !== 'string');
      if (typeof found === 'string') problems.push(found);
      else {
        for (const problem of problems) this.#onWarning(`skipped a checkpoint: ${problem}`);
        if (problems.length > 0) this.#onWarning(`the newest undamaged checkpoint is ${path}`);
        return { path, checkpoint: found };
      }
    }
    if (problems.length === 0) return undefined;
    // In the meantime a training process may have replaced all the files that were listed.
    if ((await this.#newestFirst()).join('\n') !== candidates.join('\n')) return this.latest();
    throw new RunError(
      `no undamaged checkpoint in ${this.#dir}:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n\
Restore one of them from a copy, or train in another folder.`,
      { code: 'CIFAR10_NO_CHECKPOINT', data: { folder: this.#dir } },
    );
  }

  /** Returns the paths of all checkpoints, oldest first, including damaged ones. */
  async paths(): Promise<readonly string[]> {
    return (await this.#newestFirst()).reverse();
  }

  /** Warns about checkpoints of another run, which has a different data set, network, batch size or seed. */
  async warnOfOtherRuns(own: CheckpointMetadata): Promise<void> {
    const others: string[] = [];
    for (const path of (await this.#newestFirst()).slice(0, mostCompared)) {
      const metadata = await readCheckpointMetadata(path).catch(() => undefined);
      if (metadata !== undefined && runOf(metadata) !== runOf(own)) others.push(basename(path));
    }
    if (others.length === 0) return;
    const [first = '', ...rest] = others;
    const names = rest.length === 0 ? first : `${first} and ${rest.length} more`;
    this.#onWarning(
      `${this.#dir} contains checkpoints of another run (${names}); use a separate folder for each run`,
    );
  }

  /** Returns the checkpoints to keep, which are the newest undamaged ones, and the surplus ones to delete. Damaged checkpoints
   * that are newer than the oldest one to keep are in neither list, so that they can be inspected. */
  async #divide(
    oldestFirst: readonly string[],
  ): Promise<{ readonly kept: readonly string[]; readonly surplus: readonly string[] }> {
    const whole: string[] = [];
    const damaged: string[] = [];
    for (const name of oldestFirst.toReversed()) {
      // Without a limit nothing is deleted, so files of unknown state need not be read, which would take long.
      const isWhole = (await this.#isWhole(name, this.#keep > 0 && whole.length < this.#keep)) ?? true;
      (isWhole ? whole : damaged).unshift(name);
    }
    const { kept, surplus } = retain(whole, this.#keep);
    const oldestKept = kept[0] === undefined ? 0 : stepOf(kept[0]);
    const useless = this.#keep === 0 ? [] : damaged.filter((name) => stepOf(name) < oldestKept);
    return { kept, surplus: [...surplus, ...useless] };
  }

  /** Returns whether a file is undamaged, or undefined if that is unknown and `read` is false. */
  async #isWhole(name: string, read: boolean): Promise<boolean | undefined> {
    const path = join(this.#dir, name);
    const known = this.#verified.get(await identityOf(path));
    if (known !== undefined || !read) return known;
    const found = await readOrProblem(path);
    if (typeof found === 'string')
      this.#onWarning(`a damaged checkpoint does not count toward \`keep\`: ${found}`);
    await this.#note(path, typeof found !== 'string');
    return typeof found !== 'string';
  }

  async #note(path: string, isWhole: boolean): Promise<void> {
    this.#verified.set(await identityOf(path), isWhole);
  }

  /** Returns the paths of all checkpoints in the folder, including those that are not indexed yet, and of the checkpoints in
   * other folders that the index names. */
  async #newestFirst(): Promise<string[]> {
    const paths = checkpointNames(await namesIn(this.#dir)).map((name) => join(this.#dir, name));
    const here = new Set(paths.map((path) => basename(path)));
    for (const path of await this.#indexed()) {
      // Absolute paths become invalid when a folder is moved, so a file of the same name in this folder is preferred.
      if (here.has(basename(path))) continue;
      here.add(basename(path));
      const index = join(this.#dir, indexName);
      if (stepOfName(basename(path)) === undefined)
        this.#onWarning(`${index} names ${path}, which is not ${checkpointName('<step>')}`);
      else if ((await identityOf(path)) === '')
        this.#onWarning(`${index} names ${path}, which does not exist`);
      else paths.push(path);
    }
    return paths.sort((a, b) => stepOf(b) - stepOf(a));
  }

  async #indexed(): Promise<readonly string[]> {
    try {
      const index = await readCheckpointIndex(this.#dir);
      return index === undefined ? [] : [index.latest, ...index.all];
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      this.#onWarning(`${error.message}; using the files in the folder instead`);
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
    if (errorCode(error) === 'ENOENT') return [];
    throw new RunError(`cannot list the folder ${dir}: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns those of the names that are names of checkpoints, oldest first. */
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

/** Returns a string that changes when the content of the file changes, without reading the file. If the file does not exist,
 * the string is empty. */
async function identityOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? '' : `${path}:${found.size}:${found.mtimeMs}`;
}

function runOf({ dataset, network, batchSize, seed, holdout }: CheckpointMetadata): string {
  return JSON.stringify([dataset.checksum, network, batchSize, seed, holdout]);
}

async function readOrProblem(path: string): Promise<Checkpoint | string> {
  try {
    const checkpoint = await readCheckpoint(path, { links: 'refuse' });
    const { globalStep } = checkpoint.metadata;
    if (globalStep === stepOf(path)) return checkpoint;
    return (
      `${path}: a renamed copy, which is not resumed, because it contains step ${globalStep}. To return to that step, ` +
      `rename it to ${checkpointName(globalStep)} and move later checkpoints away`
    );
  } catch (error) {
    if (error instanceof RunError) return error.message;
    throw error;
  }
}
