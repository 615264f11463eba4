/** What the other files of a run say about it: its recipe, its newest checkpoint, and whether it is being trained. */
import { readCheckpointMetadata } from '../../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../../checkpoint/metadata.ts';
import { stepOfName } from '../../checkpoint/names.ts';
import { trainingLock } from '../../checkpoint/training-lock.ts';
import { LockWatch } from '../../disk/lock.ts';
import { messageOf } from '../../errors.ts';
import { readRecipeFile, recipeFileName } from '../../run/recipe-file.ts';
import type { RecipeObject } from '../../run/recipe-object.ts';
import { stepsIn } from '../../training/epochs.ts';
import { oneLine } from '../../wording.ts';
import type { FoundFile, FoundRun } from './find-runs.ts';

/** A value that is read again when its file changes. */
class FileFact<T> {
  #seen = '';
  #value: T | undefined;

  async of(file: FoundFile | undefined, read: (path: string) => Promise<T>): Promise<T | undefined> {
    const now = file === undefined ? '' : `${file.path}:${file.inode}:${file.size}:${file.modifiedMillis}`;
    if (now === this.#seen) return this.#value;
    this.#value = file && (await read(file.path));
    this.#seen = now;
    return this.#value;
  }
}

/** How many checkpoints are tried if the newest ones are damaged. */
const mostTried = 5;

export class RunFacts {
  /** The settings by their flag, such as `learning-rate`. */
  settings: Readonly<Record<string, string>> = {};
  /** The metadata of the newest checkpoint that can be read. */
  metadata: CheckpointMetadata | undefined;
  /** The newest checkpoint that can be read. */
  checkpoint: FoundFile | undefined;
  maxSteps: number | null = null;
  /** Whether a process trains there. */
  isTraining = false;
  /** Whether the folder is one of this program's training runs. */
  isOurs = false;
  remarks: readonly string[] = [];
  readonly #recipe = new FileFact<RecipeObject | string>();
  /** What is known about the checkpoints that were tried, by their names. */
  readonly #metadata = new Map<string, FileFact<CheckpointMetadata | string>>();
  readonly #lock = new LockWatch(trainingLock);

  /** Reads what changed. Returns whether anything did. */
  async refresh(found: FoundRun): Promise<boolean> {
    const before = this.#text();
    const recipe = await this.#recipe.of(found.files.get(recipeFileName), (path) =>
      readRecipeFile(path).catch(describe),
    );
    const newest = checkpointsOf(found).slice(0, mostTried);
    const problems = await this.#findReadable(newest);
    this.isOurs = recipe !== undefined || newest.length > 0;
    this.isTraining = this.isOurs && (await this.#lock.isHeld(found.folder));
    this.remarks = [recipe, ...problems]
      .filter((one) => typeof one === 'string')
      .map((one) => withoutFolder(one, found));
    if (typeof recipe === 'object') this.settings = flattened(recipe);
    this.maxSteps = lengthOf(typeof recipe === 'object' ? recipe : undefined, this.metadata);
    return this.#text() !== before;
  }

  /** Finds the newest checkpoint that can be read. Returns what is wrong with newer ones. */
  async #findReadable(newest: readonly FoundFile[]): Promise<readonly string[]> {
    const known = new Map(this.#metadata);
    this.#metadata.clear();
    this.checkpoint = undefined;
    this.metadata = undefined;
    const problems: string[] = [];
    for (const file of newest) {
      const fact = known.get(file.name) ?? new FileFact<CheckpointMetadata | string>();
      this.#metadata.set(file.name, fact);
      const metadata = await fact.of(file, (path) => readCheckpointMetadata(path).catch(describe));
      if (typeof metadata === 'object') {
        this.checkpoint = file;
        this.metadata = metadata;
        break;
      }
      if (metadata !== undefined) problems.push(metadata);
    }
    return problems;
  }

  #text(): string {
    const { settings, maxSteps, isTraining, remarks, checkpoint } = this;
    return JSON.stringify([
      settings,
      maxSteps,
      isTraining,
      remarks,
      checkpoint?.path,
      checkpoint?.modifiedMillis,
    ]);
  }
}

/** Returns an error as a remark. */
function describe(error: unknown): string {
  return oneLine(messageOf(error));
}

/** Paths of the machine are not for every viewer. */
function withoutFolder(remark: string, { folder }: FoundRun): string {
  return remark.replaceAll(`${folder}/`, '');
}

/** Returns the checkpoints of a run, the newest first. */
function checkpointsOf({ files }: FoundRun): readonly FoundFile[] {
  const steps = [...files.values()].flatMap((file) => {
    const step = stepOfName(file.name);
    return step === undefined ? [] : [{ step, file }];
  });
  return steps.sort((a, b) => b.step - a.step).map(({ file }) => file);
}

/** Returns the options of a recipe by their flags. Those of the network have its name before their own. */
function flattened({
  hyperparameters,
  network,
  groups,
  ...options
}: RecipeObject): Readonly<Record<string, string>> {
  const kind = typeof network === 'object' && network !== null ? network : undefined;
  const name = typeof network === 'string' ? network : kind?.name;
  const entries: [string, unknown][] = [
    ...Object.entries(options),
    ...(name === undefined ? [] : [['network', name] satisfies [string, unknown]]),
    ...Object.entries(kind !== undefined && 'configuration' in kind ? (kind.configuration ?? {}) : {}).map(
      ([key, value]): [string, unknown] => [`${name}.${key}`, value],
    ),
    ...Object.entries(hyperparameters ?? {}),
    ...(groups === undefined || groups.length === 0 ? [] : [['groups', groups] satisfies [string, unknown]]),
  ];
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined).map(([key, value]) => [flagOf(key), textOf(value)]),
  );
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function lengthOf(recipe: RecipeObject | undefined, metadata: CheckpointMetadata | undefined): number | null {
  const length = metadata?.length ?? recipe;
  if (length === undefined) return null;
  if ('maxSteps' in length && length.maxSteps !== undefined) return length.maxSteps;
  if (!('epochs' in length) || length.epochs === undefined || metadata === undefined) return null;
  const heldOut = Math.round(metadata.dataset.trainingExamples * metadata.holdout);
  return stepsIn(length.epochs, metadata.dataset.trainingExamples - heldOut, metadata.batchSize);
}
