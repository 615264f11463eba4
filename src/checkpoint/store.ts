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
 * So the index never names a file that does not exist, nor one that is known to be damaged. (TensorFlow r0.11 deleted
 * before it wrote the index.)
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asideEnding } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { type Checkpoint, readCheckpoint, readCheckpointMetadata, writeCheckpoint } from './checkpoint.ts';
import { indexName, readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';
import type { CheckpointMetadata } from './metadata.ts';
import { checkpointName, stepOfName } from './names.ts';
import { retain } from './retention.ts';

export interface CheckpointStoreOptions {
  /** How many checkpoints are kept, the newest; 0 keeps all. Damaged ones do not count. */
  readonly keep: number;
  /** Called with what was skipped or could not be tidied, once for each message. */
  readonly onWarning: (message: string) => void;
  /** The caller holds the folder's lock. Otherwise `train` takes it while it trains. */
  readonly isLocked?: boolean;
  /** Called whenever a part of a save is on the disk. */
  readonly onProgress?: () => void;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/** More checkpoints of other runs than this are not looked for. */
const mostCompared = 100;

export class CheckpointStore {
  readonly #dir: string;
  /** Whether the caller holds the folder's lock. */
  readonly isLocked: boolean;
  readonly #keep: number;
  readonly #onWarning: (message: string) => void;
  /** Whether a file is whole, by its name, size and time. */
  readonly #verified = new Map<string, boolean>();
  readonly #onProgress: () => void;
  #lost: RunError | undefined;

  constructor(
    dir: string,
    { keep, onWarning, isLocked = false, onProgress = () => undefined }: CheckpointStoreOptions,
  ) {
    this.#onProgress = onProgress;
    this.isLocked = isLocked;
    this.#dir = dir;
    this.#keep = keep;
    const told = new Set<string>();
    this.#onWarning = (message) => {
      if (!told.has(message)) onWarning(message);
      told.add(message);
    };
  }

  get dir(): string {
    return this.#dir;
  }

  /** Another process has taken the folder: from now on every save throws the error, because it would delete that
   * process's files. */
  refuseSaves(error: RunError): void {
    this.#lost = error;
  }

  /** Saves a checkpoint and returns its path. Saves of one folder must not overlap.
   * @throws RunError when it cannot be written, or when the folder was lost; the checkpoints before it are untouched. */
  async save(checkpoint: Checkpoint): Promise<string> {
    if (this.#lost !== undefined) throw this.#lost;
    await this.removeLeftovers();
    const path = await writeCheckpoint(this.#dir, checkpoint, this.#onProgress);
    await this.#note(path, true);
    // A file of a later step can only be one that `latest` refused. It is not ours to delete, nor does it count.
    const upToThis = checkpointNames(await namesIn(this.#dir)).filter(
      (name) => stepOf(name) <= checkpoint.metadata.globalStep,
    );
    const { kept, surplus } = await this.#divide(upToThis);
    await writeCheckpointIndex(this.#dir, { latest: path, all: kept.map((name) => join(this.#dir, name)) });
    this.#onProgress();
    await this.#delete(surplus);
    return path;
  }

  /** Removes what killed saves left. Only the process that holds the folder may do so. */
  async removeLeftovers(): Promise<void> {
    await this.#delete(leftovers(await namesIn(this.#dir)));
  }

  /** The newest whole checkpoint, or undefined if there is none at all. Damaged ones are skipped with a warning, and so
   * are those whose name says another step than their content.
   * @throws RunError when there are checkpoints and none of them is whole. */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const candidates = await this.#newestFirst();
    const problems: string[] = [];
    for (const path of candidates) {
      const found = await readOrProblem(path);
      await this.#note(path, typeof found !== 'string');
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

  /** Warns of checkpoints that belong to another run than this one: another data set, network, batch size or seed. */
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
      `${this.#dir} holds checkpoints of another run (${names}); give each run a folder of its own`,
    );
  }

  /** Which checkpoints are kept: the newest whole ones. Damaged ones that are newer stay for inspection. */
  async #divide(
    oldestFirst: readonly string[],
  ): Promise<{ readonly kept: readonly string[]; readonly surplus: readonly string[] }> {
    const whole: string[] = [];
    const damaged: string[] = [];
    for (const name of oldestFirst.toReversed()) {
      // With no limit nothing is deleted, and reading every file anew would take long.
      const isWhole = (await this.#isWhole(name, this.#keep > 0 && whole.length < this.#keep)) ?? true;
      (isWhole ? whole : damaged).unshift(name);
    }
    const { kept, surplus } = retain(whole, this.#keep);
    const oldestKept = kept[0] === undefined ? 0 : stepOf(kept[0]);
    const useless = this.#keep === 0 ? [] : damaged.filter((name) => stepOf(name) < oldestKept);
    return { kept, surplus: [...surplus, ...useless] };
  }

  /** Whether a file is whole; undefined if that is not known and the file is not to be read. */
  async #isWhole(name: string, read: boolean): Promise<boolean | undefined> {
    const path = join(this.#dir, name);
    const known = this.#verified.get(await identityOf(path));
    if (known !== undefined || !read) return known;
    const found = await readOrProblem(path);
    if (typeof found === 'string') this.#onWarning(`not kept, because it is damaged: ${found}`);
    await this.#note(path, typeof found !== 'string');
    return typeof found !== 'string';
  }

  async #note(path: string, isWhole: boolean): Promise<void> {
    this.#verified.set(await identityOf(path), isWhole);
  }

  /** Paths of the checkpoints in the folder, also those that the index does not name yet, and of those that the
   * index names elsewhere. */
  async #newestFirst(): Promise<string[]> {
    const paths = checkpointNames(await namesIn(this.#dir)).map((name) => join(this.#dir, name));
    const here = new Set(paths.map((path) => basename(path)));
    for (const path of await this.#indexed()) {
      // Absolute paths go stale when a folder is moved: the file beside the index is meant.
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
    if (errorCode(error) === 'ENOENT') return [];
    throw new RunError(`cannot list the folder ${dir}: ${messageOf(error)}`, { cause: error });
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

/** What tells one content of a file from another without reading it; empty for a file that does not exist. */
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
      `${path}: its content is of step ${globalStep}. A renamed copy is not resumed: to go back to that step, ` +
      `keep it as ${checkpointName(globalStep)} and move later checkpoints away`
    );
  } catch (error) {
    if (error instanceof RunError) return error.message;
    throw error;
  }
}
