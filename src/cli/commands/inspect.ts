/** `cifar10 inspect`: shows what a file or folder contains. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readCheckpointMetadata } from '../../checkpoint/checkpoint.ts';
import { stepOfName } from '../../checkpoint/names.ts';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { type DatasetDescription, datasets } from '../../data/dataset.ts';
import { loadExamples } from '../../data/files.ts';
import { labelOf } from '../../data/record.ts';
import { messageOf, RunError, UsageError } from '../../errors.ts';
import { printGraph } from '../../graph/print.ts';
import { layersOf } from '../../inspect/network.ts';
import { type RunRow, runsIn } from '../../inspect/runs.ts';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { isEventFileName } from '../../summary/event-file-name.ts';
import { buildTrainingGraph } from '../../training/training-graph.ts';
import { oneLine } from '../../wording.ts';
import type { Console } from '../console.ts';
import type { InspectFlags } from '../flag-table.ts';
import { table } from '../table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { inspectEvents } from './inspect-events.ts';
import { inspectOnnx } from './inspect-onnx.ts';
import { inspectSafetensors, showCheckpoint } from './inspect-safetensors.ts';

const number = (value: number) => value.toLocaleString('en-US');
const what =
  'graph, a checkpoint, a training folder, a folder of those, event files, a data folder or an .onnx file';

/** Inspects `graph` or a path, and recognises what the path contains. */
export async function inspectCommand({
  flags,
  operands,
  console,
}: CommandContext<InspectFlags>): Promise<Outcome> {
  const [thing, ...more] = operands;
  if (thing === undefined || more.length > 0) throw new UsageError(`inspect takes one argument: ${what}`);
  if (thing === 'graph') inspectGraph(flags, console);
  else if (await isFolder(thing)) await inspectFolder(thing, console);
  else if (thing.endsWith('.onnx')) await inspectOnnx(thing, console);
  else if (isSafetensorsName(thing)) await inspectSafetensors(thing, console);
  else if (isEventFileName(basename(thing))) await inspectEvents(thing, console);
  else throw new RunError(`${oneLine(thing)}: unknown kind of file; inspect supports ${what}`);
  return 'done';
}

async function isFolder(path: string): Promise<boolean> {
  return (await readable(path, () => stat(path))).isDirectory();
}

/** @throws RunError when the path cannot be read. */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunError(
      `${oneLine(path)}: cannot be read (${oneLine(messageOf(error))}); inspect supports ${what}`,
      { cause: error },
    );
  }
}

function inspectGraph({ full }: InspectFlags, console: Console): void {
  const network = tutorialNetwork(datasets.cifar10.classes.length);
  if (full) {
    const text = printGraph(
      buildTrainingGraph({ network, batchSize: 128, hyperparameters: tutorialHyperparameters }).graph,
    );
    console.result(text, { kind: 'nodes', nodes: text.trim().split('\n') });
    return;
  }
  const layers = layersOf(network);
  const sum = (of: (layer: (typeof layers)[number]) => number) =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const parameters = sum((layer) => layer.parameters);
  const multiplyAdds = sum((layer) => layer.multiplyAdds);
  console.result(
    table([
      ['layer', 'output', 'parameters', 'multiply-adds'],
      ...layers.map((row) => [
        row.layer,
        row.output.join(' × '),
        number(row.parameters),
        number(row.multiplyAdds),
      ]),
      ['sum, for one image', '', number(parameters), number(multiplyAdds)],
    ]),
    { kind: 'graph', layers, parameters, multiplyAdds },
  );
}

/** Shows everything in a folder that can be shown, and warns about the rest.
 * @throws RunError when nothing can be shown */
async function inspectFolder(path: string, console: Console): Promise<void> {
  const parts = await partsOf(path, console);
  if (parts.length === 0) {
    const found = 'contains neither checkpoints, event files, ONNX files nor a data set';
    throw new RunError(`${oneLine(path)}: ${found}; inspect supports ${what}`);
  }
  const problems: string[] = [];
  for (const show of parts) {
    try {
      await show();
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length === parts.length) throw new RunError(problems.join('\n'));
  for (const problem of problems) console.warn(`${problem}. The rest of the folder is shown.`);
}

type Part = () => Promise<void>;

async function partsOf(path: string, console: Console): Promise<readonly Part[]> {
  const names = (await readable(path, () => readdir(path))).sort();
  const byFolder = Object.values(datasets).find(({ folder }) => folder === basename(resolve(path)));
  if (byFolder !== undefined) return [() => inspectData(join(path, '..'), byFolder, console)];
  const parts: Part[] = [];
  if (names.some((name) => stepOfName(name) !== undefined)) parts.push(() => inspectRun(path, console));
  if (names.some(isEventFileName)) parts.push(() => inspectEvents(path, console));
  const data = Object.values(datasets).filter(({ folder }) => names.includes(folder));
  for (const dataset of data) parts.push(() => inspectData(path, dataset, console));
  const runs = parts.length === 0 ? await runsIn(path) : [];
  if (runs.length > 0) parts.push(async () => inspectRuns(path, runs, console));
  for (const name of names) {
    const file = join(path, name);
    if (isSafetensorsName(name) && stepOfName(name) === undefined) {
      parts.push(() => inspectSafetensors(file, console));
    }
    if (name.endsWith('.onnx')) parts.push(() => inspectOnnx(file, console));
  }
  return parts;
}

function isSafetensorsName(name: string): boolean {
  return name.endsWith('.safetensors');
}

/** One row per run. */
function inspectRuns(dir: string, runs: readonly RunRow[], console: Console): void {
  const shown = (value: number | null, digits: number) => (value === null ? '-' : value.toFixed(digits));
  const rows = runs.map(({ name, step, loss, precision, imagesPerSecond, engine, modified }) => [
    name,
    step === null ? '-' : number(step),
    ...[
      shown(loss, 3),
      shown(precision, 3),
      imagesPerSecond === null ? '-' : number(Math.round(imagesPerSecond)),
    ],
    ...[engine ?? '-', modified?.slice(0, 16).replace('T', ' ') ?? '-'],
  ]);
  const head = ['run', 'steps', 'loss', 'precision', 'images/s', 'engine', 'saved (UTC)'];
  console.result(table([head, ...rows]), { kind: 'runs', dir, runs });
}

async function inspectRun(path: string, console: Console): Promise<void> {
  const store = new CheckpointStore(path, { keep: 0, onWarning: console.warn });
  const found = await store.latest();
  const checkpoints = await store.paths();
  console.result(`${oneLine(path)}: ${checkpoints.map((file) => basename(file)).join(', ')}\n`, {
    kind: 'run',
    dir: path,
    checkpoints,
  });
  if (found === undefined) return;
  showCheckpoint(found.path, found.checkpoint, console);
  // Newer ones are damaged, and were reported while finding the newest undamaged one.
  for (const older of checkpoints.slice(0, checkpoints.indexOf(found.path))) {
    await readCheckpointMetadata(older).catch((error: unknown) => {
      if (!(error instanceof RunError)) throw error;
      console.warn(`damaged checkpoint: ${error.message}`);
    });
  }
}

async function inspectData(dataDir: string, dataset: DatasetDescription, console: Console): Promise<void> {
  const folder = join(dataDir, dataset.folder);
  const training = await classCounts(dataDir, dataset, 'train');
  const test = await classCounts(dataDir, dataset, 'test');
  const classes = dataset.classes.map((name, label) => ({
    name,
    training: training[label] ?? 0,
    test: test[label] ?? 0,
  }));
  const rows = classes.map((row) => [row.name, number(row.training), number(row.test)]);
  console.result(
    `${folder}: ${dataset.title}\n${table([['class', 'training', 'test'], ...rows])}\n` +
      'Every file has the right size, and every label has a class.',
    { kind: 'data', dataset: dataset.name, folder, classes },
  );
}

async function classCounts(
  dataDir: string,
  dataset: DatasetDescription,
  split: 'train' | 'test',
): Promise<readonly number[]> {
  const { records, count } = await loadExamples(dataDir, dataset, split);
  const counts = dataset.classes.map(() => 0);
  for (let index = 0; index < count; index++) {
    const label = labelOf(records, index);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
