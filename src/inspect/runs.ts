/** Lists the runs in a folder, with one row for each: the settings that distinguish the runs, and their progress, loss, speed
 * and precision. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type CheckpointScalars, readCheckpointScalars } from '../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { stepOfName } from '../checkpoint/names.ts';
import { fieldsOfLine, readLines } from '../disk/json-lines.ts';
import { messageOf } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { recipeFileName } from '../run/recipe-file.ts';
import { readSweepRun, sweepRunFileName } from '../run/sweep-folder.ts';
import { lastMetrics } from '../summary/last-metrics.ts';
import { metricsFileName } from '../summary/metrics-file.ts';
import { tagOf } from '../summary/tags.ts';
import { lossAverageName, unbiasedAverage } from '../training/training-graph.ts';
import { oneLine } from '../wording.ts';

/** What is known about a run. Values that are unknown are null. */
export interface RunRow {
  /** The folder of the run, relative to the inspected one. */
  readonly name: string;
  /** The name of the recipe. */
  readonly recipe: string | null;
  readonly network: string | null;
  /** All settings of the recipe and the request, by name. */
  readonly settings: Readonly<Record<string, string | number>> | null;
  /** The number of steps at the newest checkpoint. */
  readonly step: number | null;
  /** The number of these steps that were skipped, because gradients were not finite in float16. */
  readonly skippedSteps: number | null;
  /** The scale of the loss in float16, or null if it is not scaled. */
  readonly lossScale: number | null;
  /** The running average of the total loss at the newest checkpoint, or the last recorded loss if the checkpoint has none. */
  readonly loss: number | null;
  readonly imagesPerSecond: number | null;
  /** The last precision @ 1 on the held-out images. */
  readonly validation: number | null;
  /** The precision @ 1 of the newest evaluation of one of the run's checkpoints on the test images. */
  readonly precision: number | null;
  /** The engine, the precision and the device, for example `onednn bfloat16` or `onnx on webgpu`. */
  readonly engine: string | null;
  /** When the newest checkpoint was written, in ISO 8601. */
  readonly modified: string | null;
  /** Why the run cannot be read, or how it failed. */
  readonly problem: string | null;
}

/** The runs of a folder. */
export interface RunList {
  readonly runs: readonly RunRow[];
  /** The names of the settings in which the runs differ; first those in which runs of the same recipe differ. */
  readonly differing: readonly string[];
}

/** The number of folders that are read at the same time. */
const concurrency = 32;

const lossAverage = lossAverageName('total_loss');

/** Returns the runs in the subfolders of a folder, sorted by name. A subfolder, such as that of a sweep, can itself contain
 * runs. */
export async function runsIn(dir: string): Promise<RunList> {
  const tops = await foldersIn(dir);
  const nested = await eachOf(tops, concurrency, async (folder) =>
    folder.isRun ? [folder] : [folder, ...(await foldersIn(dir, folder.name))],
  );
  const folders = nested.flat();
  const scores = (await eachOf(folders, concurrency, ({ path, names }) => scoresIn(path, names))).flat();
  const precisions = new Map(scores.map(({ run, precision }) => [run, precision]));
  const found = folders.filter(({ isRun }) => isRun);
  const rows = await eachOf(found, concurrency, (folder) =>
    rowOf(folder, precisions.get(resolve(folder.path)) ?? null),
  );
  const order = new Intl.Collator('en', { numeric: true });
  const runs = rows.toSorted((a, b) => order.compare(a.name, b.name));
  return { runs, differing: differingSettings(runs) };
}

interface Folder {
  readonly name: string;
  readonly path: string;
  /** The names of the files and folders in this folder, or undefined if it cannot be read. */
  readonly names: readonly string[] | undefined;
  /** Why the folder cannot be read, or null if it can. */
  readonly problem: string | null;
  readonly isRun: boolean;
}

/** Returns the subfolders of a folder.
 * @param within a subfolder whose subfolders are listed */
async function foldersIn(dir: string, within = ''): Promise<readonly Folder[]> {
  const entries = await readdir(join(dir, within), { withFileTypes: true }).catch((error: unknown) => {
    if (within === '') throw error;
    return [];
  });
  const names = entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name);
  const folders = await eachOf(names, concurrency, (name) => folderAt(dir, join(within, name)));
  return folders.filter((folder) => folder !== undefined);
}

async function folderAt(dir: string, name: string): Promise<Folder | undefined> {
  const path = join(dir, name);
  try {
    const names = await readdir(path);
    return { name, path, names, problem: null, isRun: names.some(isOfRun) };
  } catch (error) {
    const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
    // A link to a file, or a dangling link, is not a folder.
    return isFolder ? { name, path, names: undefined, problem: messageOf(error), isRun: true } : undefined;
  }
}

/** Whether a file with this name shows that its folder belongs to a run. */
function isOfRun(name: string): boolean {
  return stepOfName(name) !== undefined || name === sweepRunFileName || name === recipeFileName;
}

async function rowOf({ name, path, names = [], problem }: Folder, precision: number | null): Promise<RunRow> {
  const steps = names.flatMap((file) => stepOfName(file) ?? []);
  const newest = steps.length === 0 ? undefined : join(path, `model.ckpt-${Math.max(...steps)}.safetensors`);
  const read =
    newest === undefined
      ? undefined
      : await readCheckpointScalars(newest, [lossAverage]).catch((error: unknown) =>
          withoutPath(messageOf(error), oneLine(newest)),
        );
  const checkpoint = typeof read === 'string' ? undefined : read;
  const metadata = checkpoint?.metadata;
  const written = newest === undefined ? undefined : await stat(newest).catch(() => undefined);
  const sweep = names.includes(sweepRunFileName) ? await readSweepRun(path) : undefined;
  const [tagOfLoss, tagOfSpeed, tagOfValidation] = [
    tagOf('averagedLoss', { term: 'total_loss' }).tag,
    tagOf('examplesPerSecond').tag,
    tagOf('validationPrecision').tag,
  ];
  const tags = [tagOfLoss, tagOfSpeed, ...(metadata?.holdout === 0 ? [] : [tagOfValidation])];
  const metrics = names.includes(metricsFileName)
    ? await lastMetrics(join(path, metricsFileName), tags).catch(() => undefined)
    : undefined;
  const ended = sweep?.result;
  // If the run was continued outside the sweep, the result of the sweep is outdated.
  const result = ended?.status === 'finished' && ended.steps !== metadata?.globalStep ? undefined : ended;
  return {
    name,
    recipe: metadata?.recipe ?? null,
    network: metadata?.network.name ?? null,
    settings: metadata === undefined ? null : settingsOf(metadata),
    step: metadata?.globalStep ?? null,
    skippedSteps: metadata?.skippedSteps ?? null,
    lossScale: metadata?.lossScale?.scale ?? null,
    loss: result?.loss ?? lossOf(checkpoint, metrics?.get(tagOfLoss)) ?? null,
    imagesPerSecond: result?.imagesPerSecond ?? metrics?.get(tagOfSpeed) ?? null,
    validation: metrics?.get(tagOfValidation) ?? metadata?.validationPrecision ?? null,
    precision,
    engine: metadata === undefined ? null : engineOf(metadata),
    modified: written?.mtime.toISOString() ?? null,
    problem:
      problem ??
      (typeof read === 'string' ? read : null) ??
      failureOf(result) ??
      (steps.length === 0 ? 'no checkpoint' : null),
  };
}

/** Returns the running average of the total loss at a checkpoint, or undefined before the first update.
 * @param recorded the last loss in the summaries, for a checkpoint that has none or cannot be read */
function lossOf(checkpoint: CheckpointScalars | undefined, recorded: number | undefined): number | undefined {
  const { globalStep = 0, skippedSteps = 0 } = checkpoint?.metadata ?? {};
  const updates = globalStep - skippedSteps;
  if (checkpoint !== undefined && updates === 0) return undefined;
  const average = checkpoint?.scalars.get(lossAverage);
  if (average === undefined) return recorded;
  const loss = unbiasedAverage(average, updates);
  return Number.isFinite(loss) ? loss : undefined;
}

/** Returns `x` for `<path>: x`, and `cannot read: x` for `cannot read <path>: x`. */
function withoutPath(message: string, path: string): string {
  return message.replace(` ${path}: `, ': ').replace(`${path}: `, '');
}

function failureOf(result: { readonly status: string; readonly steps: number } | undefined): string | null {
  return result === undefined || result.status === 'finished'
    ? null
    : `${result.status} at step ${result.steps}`;
}

function engineOf({ engine, precision, device }: CheckpointMetadata): string {
  const inPrecision = precision === 'float32' ? engine : `${engine} ${precision}`;
  return device === 'cpu' ? inPrecision : `${inPrecision} on ${device}`;
}

function settingsOf(metadata: CheckpointMetadata): NonNullable<RunRow['settings']> {
  const { dataset, network, batchSize, seed, holdout, precision, augmentation, normalization, statistics } =
    metadata;
  const { groups, freeze, hyperparameters, engine, device, towers, ranks } = metadata;
  return {
    ...{ dataset: dataset.name, labels: dataset.labels },
    ...Object.fromEntries(
      Object.entries(network.configuration).map(([key, value]) => [`${network.name}.${key}`, value]),
    ),
    ...{ batchSize, seed, holdout, augmentation, normalization, statistics },
    ...hyperparameters,
    ...{ groups: JSON.stringify(groups), freeze: freeze.join(), engine, precision, device, towers, ranks },
  };
}

/** Returns the settings that have different values in at least two runs. Those in which runs of the same recipe differ come
 * first, because the name of the recipe does not show them. */
function differingSettings(runs: readonly RunRow[]): readonly string[] {
  const recipes = [...new Set(runs.map(({ recipe }) => recipe))];
  const withinRecipes = new Set(
    recipes.flatMap((name) => differingIn(runs.filter(({ recipe }) => recipe === name))),
  );
  const rank = (setting: string) => (withinRecipes.has(setting) ? 0 : 1);
  return differingIn(runs).toSorted((a, b) => rank(a) - rank(b));
}

/** Returns the settings that have different values in at least two of the runs, in the order of the settings. */
function differingIn(runs: readonly RunRow[]): readonly string[] {
  const first = new Map<string, string | number>();
  const differing = new Set<string>();
  for (const { settings } of runs)
    for (const [name, value] of Object.entries(settings ?? {})) {
      if (!first.has(name)) first.set(name, value);
      else if (first.get(name) !== value) differing.add(name);
    }
  return [...first.keys()].filter((name) => differing.has(name));
}

interface Score {
  /** The path of the run's folder. */
  readonly run: string;
  readonly precision: number;
}

/** Returns the evaluations on the test images, oldest first. */
async function scoresIn(path: string, names: readonly string[] | undefined): Promise<readonly Score[]> {
  const file = 'evaluations.jsonl';
  if (names?.includes(file) !== true) return [];
  const lines = await readLines(join(path, file)).catch(() => []);
  return lines.flatMap((line) => {
    const { checkpoint, precision, evalData } = fieldsOfLine(line);
    if (typeof checkpoint !== 'string' || typeof precision !== 'number' || evalData !== 'test') return [];
    const folder = dirname(resolve(checkpoint));
    // The best checkpoint of a run is in the subfolder `best`.
    return [{ run: basename(folder) === 'best' ? dirname(folder) : folder, precision }];
  });
}
