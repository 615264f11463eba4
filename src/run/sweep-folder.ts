/**
 * The folder of a sweep. Each run has its own folder, with a file that says which run it is and how it ended:
 *
 *     <sweepDir>/learning_rate=0.1,seed=0/sweep-run.json     { identity, options, maxSteps, result }
 *     <sweepDir>/learning_rate=0.1,seed=0/model.ckpt-…       as in every training folder
 *
 * A run is found by its identity and not by its name. A changed sweep therefore finds the runs that it shares with the
 * earlier one, and never continues a run that had other settings.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isLockLeftover, type LockPurpose, lockFolder } from '../disk/lock.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { makeFolder } from '../disk/writable.ts';
import { writeAside } from '../disk/write-aside.ts';
import type { RunError } from '../errors.ts';
import {
  dictionaryOf,
  finiteNumber,
  oneOf,
  orNull,
  parseJson,
  record,
  text,
  wholeNumber,
} from '../readers.ts';
import type { PlannedRun } from './sweep-request.ts';

/** How a run ended. */
export interface SweepResult {
  readonly status: 'finished' | 'diverged' | 'failed';
  /** The number of updates made, or for a diverged run the step whose loss was not finite. */
  readonly steps: number;
  /** The running average of the total loss at the end. */
  readonly loss: number | null;
  /** The precision @ 1 on the held-out images at the end. */
  readonly validation: number | null;
  /** The best precision, and the number of updates after which it was reached. */
  readonly best: number | null;
  readonly bestStep: number | null;
  readonly imagesPerSecond: number | null;
  /** Why the run failed. */
  readonly message: string | null;
}

/** A run with its folder. */
export interface PlacedRun extends PlannedRun {
  readonly trainDir: string;
  /** How the run ended, or undefined if it has not ended. */
  readonly result: SweepResult | undefined;
}

/** The name of the file in the folder of a run. */
export const sweepRunFileName = 'sweep-run.json';
const maximumBytes = 1 << 20;
const purpose: LockPurpose = { file: 'sweep.lock', doing: 'is running a sweep there', option: 'sweepDir' };

interface StoredRun {
  readonly folder: string;
  readonly identity: string;
  readonly maxSteps: number;
  readonly result: SweepResult | undefined;
}

export class SweepFolder {
  readonly #dir: string;
  readonly #release: () => Promise<void>;
  readonly #lost: AbortController;
  readonly #stored: readonly StoredRun[];
  /** The names of files in the folder, and the names given to runs. */
  readonly #taken: Set<string>;

  private constructor(
    dir: string,
    lost: AbortController,
    release: () => Promise<void>,
    names: readonly string[],
    stored: readonly StoredRun[],
  ) {
    this.#dir = dir;
    this.#lost = lost;
    this.#release = release;
    this.#taken = new Set(names);
    this.#stored = stored;
  }

  /** Locks the folder, creates it if necessary, and reads which runs it contains.
   * @throws RunError when another sweep runs there, or the folder cannot be written */
  static async take(
    dir: string,
    options: { readonly signal: AbortSignal; readonly onWait: (text: string) => void },
  ): Promise<SweepFolder> {
    const lost = new AbortController();
    const onLost = (error: RunError) => lost.abort(error);
    const release = await lockFolder(dir, { ...purpose, onLost }, options);
    try {
      const names = await readdir(dir);
      const stored: StoredRun[] = [];
      for (const name of names) {
        const found = isLockLeftover(name, purpose) ? undefined : await readStored(dir, name);
        if (found !== undefined) stored.push(found);
      }
      return new SweepFolder(dir, lost, release, names, stored);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** A signal that is aborted with a RunError when another process has taken over the folder while this one was suspended. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Returns the run with its folder, which is an existing folder of the same run if there is one, or else a new folder. */
  place(run: PlannedRun): PlacedRun {
    const same = this.#stored.filter(({ identity }) => identity === run.identity);
    const finished = same.find(({ maxSteps, result }) => result !== undefined && maxSteps === run.steps);
    // A diverged run diverges again, whatever its new length is.
    const known =
      finished ?? same.find(({ result }) => result?.status === 'diverged' && result.steps < run.steps);
    if (known !== undefined) return { ...run, trainDir: join(this.#dir, known.folder), result: known.result };
    const shorter = same.filter(({ maxSteps }) => maxSteps <= run.steps);
    const longest = shorter.sort((a, b) => b.maxSteps - a.maxSteps)[0];
    const folder = longest?.folder ?? this.#freeName(run.name);
    return { ...run, trainDir: join(this.#dir, folder), result: undefined };
  }

  #freeName(wanted: string): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted},run=${number}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  /** Records which run a folder belongs to, and creates the folder if necessary.
   * @throws RunError when the folder cannot be written */
  async begin(run: PlacedRun): Promise<void> {
    await makeFolder(run.trainDir, 'sweepDir');
    await this.#write(run, undefined);
  }

  /** Records how a run ended.
   * @throws RunError when the result cannot be written */
  async end(run: PlacedRun, result: SweepResult): Promise<void> {
    await this.#write(run, result);
  }

  async #write(
    { trainDir, identity, options, steps }: PlacedRun,
    result: SweepResult | undefined,
  ): Promise<void> {
    this.lost.throwIfAborted();
    const stored = { identity: JSON.parse(identity) as unknown, options, maxSteps: steps, result };
    const bytes = new TextEncoder().encode(`${JSON.stringify(stored, null, 2)}\n`);
    await writeAside(join(trainDir, sweepRunFileName), bytes);
  }

  release(): Promise<void> {
    return this.#release();
  }
}

const readResult = record<SweepResult>({
  status: oneOf(['finished', 'diverged', 'failed']),
  steps: wholeNumber(0),
  loss: orNull(finiteNumber),
  validation: orNull(finiteNumber),
  best: orNull(finiteNumber),
  bestStep: orNull(wholeNumber(0)),
  imagesPerSecond: orNull(finiteNumber),
  message: orNull(text),
});

export interface StoredFields {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly maxSteps: number;
  readonly result: SweepResult | undefined;
}
const readFields = record<StoredFields>({
  identity: dictionaryOf((value) => value),
  maxSteps: wholeNumber(1),
  result: (value, where) => (value === undefined ? undefined : readResult(value, where)),
});

/** Reads what a sweep recorded about the run in a folder. Returns undefined if the folder is not part of a sweep, or the file
 * is damaged. */
export async function readSweepRun(folder: string): Promise<StoredFields | undefined> {
  try {
    const path = join(folder, sweepRunFileName);
    const bytes = await readRegularFile(path, { links: 'refuse', maximumBytes });
    return readFields(parseJson(bytes.toString('utf8')), path);
  } catch {
    return undefined;
  }
}

async function readStored(dir: string, folder: string): Promise<StoredRun | undefined> {
  const found = await readSweepRun(join(dir, folder));
  return found && { folder, ...found, identity: JSON.stringify(found.identity) };
}
