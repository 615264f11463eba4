/**
 * Recognizes what a file or folder contains. This is a generator of findings that uses neither flags nor the console;
 * `cifar10 inspect` prints the findings.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { stepOfName } from '../checkpoint/names.ts';
import { type DatasetDescription, withLabels } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import { exists } from '../disk/exists.ts';
import { messageOf, RunError, UsageError } from '../errors.ts';
import { evaluationsFile } from '../evaluation/evaluation-log.ts';
import { nearest } from '../nearest.ts';
import { type ImportedSet, importedSets } from '../pictures/open.ts';
import { setFile } from '../pictures/stored-set.ts';
import { aNetworkRequest } from '../recipe/network-request.ts';
import { changed } from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { inRecipe, readRecipe } from '../run/recipe-source.ts';
import { isEventFileName } from '../summary/event-file-name.ts';
import { oneLine } from '../wording.ts';
import { type DataInspection, inspectData } from './data.ts';
import { requirePictureFile } from './data-pictures.ts';
import { inspectEvaluations, isEvaluationsFile } from './evaluations.ts';
import { inspectEvents } from './events.ts';
import type { Findings, InspectFinding } from './findings.ts';
import { networkFinding, trainingStepFinding } from './network.ts';
import { inspectOnnx } from './onnx.ts';
import { type RunList, runsIn } from './runs.ts';
import { inspectSafetensors } from './safetensors.ts';
import { inspectTrainDir } from './train-dir.ts';

/** Everything that `inspect` supports, as listed in messages. */
export const inspectable =
  'graph, a checkpoint, a training folder, a folder of training folders, evaluations.jsonl, event files, a data folder or an .onnx file';

export interface InspectOptions extends DataInspection {
  /** For `graph`: whether to show the training step node by node, instead of one row per layer. */
  readonly full: boolean;
  /** For `graph`: the name of a recipe or the path of a recipe file, instead of the recipe of the tutorial. */
  readonly recipe?: string | undefined;
  /** For `graph`: a network, instead of that of the recipe. */
  readonly network?: string | undefined;
  /** For `graph`: the factor of the widths of the layers. */
  readonly width?: number | undefined;
}

/** @param thing `graph` for the network, or a path
 * @throws UsageError for options of another kind of thing, and for a network or recipe that does not exist
 * @throws RunError when the path cannot be read, or contains nothing that is both known and undamaged */
export async function* inspect(thing: string, options: InspectOptions): Findings {
  const isData = thing !== 'graph' && (await isFolder(thing));
  if (!isData) requireNoDataOptions(thing, options);
  if (options.pictures !== undefined) await requirePictureFile(options.pictures);
  if (thing === 'graph') return yield await graphFinding(options);
  requireNoGraphOptions(thing, options);
  if (isData) yield* inspectFolder(thing, options);
  else if (thing.endsWith('.onnx')) yield* inspectOnnx(thing);
  else if (isSafetensorsName(thing)) yield* inspectSafetensors(thing);
  else if (isEventFileName(basename(thing))) yield* inspectEvents(thing);
  else if (isEvaluationsFile(thing)) yield* inspectEvaluations(thing);
  else throw new RunError(`${oneLine(thing)}: unknown kind of file; inspect supports ${inspectable}`);
}

/** Refuses options that apply only to a data folder.
 * @throws UsageError when such an option is given */
function requireNoDataOptions(thing: string, { pictures, labels }: DataInspection): void {
  if (pictures === undefined && labels === undefined) return;
  const option = pictures === undefined ? 'labels' : 'pictures';
  throw new UsageError(
    `\`${option}\` applies only to a data folder, and ${oneLine(thing)} is not one; leave it out`,
  );
}

async function graphFinding({ full, recipe, network, width }: InspectOptions): Promise<InspectFinding> {
  if (network !== undefined) aNetworkRequest('network', network);
  const given = recipe === undefined ? undefined : await readRecipe(recipe);
  const shown = changed(given?.recipe ?? tutorialRecipe, { network, width });
  return inRecipe(given, () => (full ? trainingStepFinding(shown) : networkFinding(shown)));
}

/** Refuses options that apply only to `graph`.
 * @throws UsageError when such an option is given */
function requireNoGraphOptions(thing: string, { recipe, network, width }: InspectOptions): void {
  const [option] = Object.entries({ recipe, network, width }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (option === undefined) return;
  throw new UsageError(
    `\`${option}\` applies only to \`inspect graph\`, not to ${oneLine(thing)}; leave it out`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await readable(path, () => stat(path))).isDirectory();
}

/** @throws RunError when the path cannot be read */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const meant = await meantBy(path);
    const advice =
      meant === undefined ? `inspect supports ${inspectable}` : `did you mean ${oneLine(meant)}?`;
    throw new RunError(`${oneLine(path)}: cannot be read (${oneLine(messageOf(error))}); ${advice}`, {
      cause: error,
    });
  }
}

/** Returns what the user probably meant by a path that does not exist: `graph`, or the name of an entry in its folder. Returns
 * undefined if the path exists, or if nothing has a similar name. */
async function meantBy(path: string): Promise<string | undefined> {
  if (await exists(path)) return undefined;
  const [folder, name] = [dirname(path), basename(path)];
  const word = path === name ? nearest(name, ['graph']) : undefined;
  if (word !== undefined) return word;
  const near = nearest(name, await readdir(folder).catch(() => []));
  return near === undefined ? undefined : join(folder, near);
}

/** Inspects everything in a folder that can be read, and warns about the rest.
 * @throws RunError when nothing can be read */
async function* inspectFolder(path: string, options: DataInspection): Findings {
  const parts = await partsOf(path, options);
  if (parts.length === 0) {
    const found = 'contains no checkpoints, event files, ONNX files or data set';
    throw new RunError(`${oneLine(path)}: ${found}; inspect supports ${inspectable}`);
  }
  const problems: string[] = [];
  for (const part of parts) {
    try {
      yield* part;
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length === parts.length) throw new RunError(problems.join('\n'));
  for (const problem of problems)
    yield { kind: 'warning', message: `${problem.replace(/\.$/, '')}. The rest of the folder is shown.` };
}

/** Returns the parts of a folder, in the order in which they are shown. */
async function partsOf(path: string, options: DataInspection): Promise<readonly Findings[]> {
  const names = (await readable(path, () => readdir(path))).sort();
  const byFolder = Object.values(datasets).find(({ folder }) => folder === basename(resolve(path)));
  if (byFolder !== undefined)
    return [inspectData(join(path, '..'), withLabels(byFolder, options.labels), options)];
  const imported = await importedSets(path);
  const [set] = imported;
  if (set !== undefined && names.includes(setFile)) return [inspectData(set.dataDir, set.dataset, options)];
  const parts: Findings[] = [];
  if (names.some((name) => stepOfName(name) !== undefined)) parts.push(inspectTrainDir(path));
  if (names.includes(evaluationsFile)) parts.push(inspectEvaluations(join(path, evaluationsFile)));
  if (names.some(isEventFileName)) parts.push(inspectEvents(path));
  const isRun = parts.length > 0;
  for (const dataset of datasetsIn(path, names, imported, options))
    parts.push(inspectData(path, dataset, options));
  const found = isRun ? undefined : await runsIn(path);
  if (found !== undefined && found.runs.length > 0) parts.push(inspectRuns(path, found));
  for (const name of names) {
    const file = join(path, name);
    if (isSafetensorsName(name) && stepOfName(name) === undefined) parts.push(inspectSafetensors(file));
    if (name.endsWith('.onnx')) parts.push(inspectOnnx(file));
  }
  return parts;
}

/** Returns the data sets of a folder, with the requested labels.
 * @throws RunError when images of several data sets are requested, or labels that none of them has */
function datasetsIn(
  path: string,
  names: readonly string[],
  imported: readonly ImportedSet[],
  { labels, pictures }: DataInspection,
): readonly DatasetDescription[] {
  const found = [
    ...Object.values(datasets).filter(({ folder }) => names.includes(folder)),
    ...imported.map(({ dataset }) => dataset),
  ];
  const has = ({ record }: DatasetDescription) => record.labels.some(({ name }) => name === labels);
  if (labels !== undefined && !found.some(has))
    throw new RunError(`${oneLine(path)}: contains no data set with ${labels} labels; leave out \`labels\``);
  const [first, second] = found;
  if (pictures !== undefined && first === undefined)
    throw new RunError(`${oneLine(path)}: contains no data set, which \`pictures\` needs`);
  if (pictures !== undefined && first !== undefined && second !== undefined)
    throw new RunError(
      `${oneLine(path)}: contains ${found.map(({ title }) => title).join(' and ')}; for \`pictures\` of one, give its folder, ` +
        `such as ${join(path, first.folder)}`,
    );
  return found.map((dataset) => (has(dataset) ? withLabels(dataset, labels) : dataset));
}

function isSafetensorsName(name: string): boolean {
  return name.endsWith('.safetensors');
}

async function* inspectRuns(dir: string, found: RunList): Findings {
  yield { kind: 'runs', dir, ...found };
}
