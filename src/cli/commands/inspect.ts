/** `cifar10 inspect`: what a thing holds. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { type DatasetDescription, datasets } from '../../data/dataset.ts';
import { loadExamples } from '../../data/files.ts';
import { labelOf } from '../../data/record.ts';
import { summarizeOnnx } from '../../engine/onnx/summarize.ts';
import { messageOf, RunError, UsageError } from '../../errors.ts';
import { printGraph } from '../../graph/print.ts';
import { summarizeEvents, type TagRow } from '../../inspect/events.ts';
import { layersOf } from '../../inspect/network.ts';
import { type RunRow, runsIn } from '../../inspect/runs.ts';
import { statisticsOf } from '../../inspect/tensor-statistics.ts';
import { tutorialNetwork } from '../../model/network.ts';
import { averageName } from '../../optimizer/moving-average.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { isEventFileName } from '../../summary/event-file-name.ts';
import { readRun } from '../../summary/event-reader.ts';
import { buildTrainingGraph } from '../../training/training-graph.ts';
import type { Console } from '../console.ts';
import type { InspectFlags } from '../flag-table.ts';
import { settings, table } from '../table.ts';
import type { CommandContext } from './context.ts';

const number = (value: number) => value.toLocaleString('en-US');
const what =
  'graph, a checkpoint, a training folder, a folder of those, event files, a data folder or an .onnx file';

/** Looks at `graph` or at a path, and tells what it is by what is there. */
export async function inspectCommand({
  flags,
  operands,
  console,
}: CommandContext<InspectFlags> & { readonly operands: readonly string[] }): Promise<void> {
  const [thing, ...more] = operands;
  if (thing === undefined || more.length > 0)
    throw new UsageError(`inspect takes one thing to look at: ${what}`);
  if (thing === 'graph') inspectGraph(flags, console);
  else if (await isFolder(thing)) await inspectFolder(thing, console);
  else if (thing.endsWith('.onnx')) inspectOnnx(thing, await readable(thing, () => readFile(thing)), console);
  else if (thing.endsWith('.safetensors')) inspectCheckpoint(thing, await readCheckpoint(thing), console);
  else if (isEventFileName(basename(thing))) await inspectEvents(thing, console);
  else throw new RunError(`${thing}: not known; inspect looks at ${what}`);
}

async function isFolder(path: string): Promise<boolean> {
  return (await readable(path, () => stat(path))).isDirectory();
}

/** @throws RunError when the path cannot be read. */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunError(`${path}: cannot be read (${messageOf(error)}); inspect looks at ${what}`);
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

async function inspectFolder(path: string, console: Console): Promise<void> {
  const names = await readable(path, () => readdir(path));
  const byFolder = Object.values(datasets).find(({ folder }) => folder === basename(resolve(path)));
  if (byFolder !== undefined) await inspectData(join(path, '..'), byFolder, console);
  else {
    const hasCheckpoints = names.some((name) => /^model\.ckpt-\d+\.safetensors$/.test(name));
    const hasEvents = names.some(isEventFileName);
    if (hasCheckpoints) await inspectRun(path, console);
    if (hasEvents) await inspectEvents(path, console);
    if (hasCheckpoints || hasEvents) return;
    const inside = Object.values(datasets).filter(({ folder }) => names.includes(folder));
    const runs = inside.length === 0 ? await runsIn(path) : [];
    if (runs.length > 0) return inspectRuns(path, runs, console);
    if (inside.length === 0)
      throw new RunError(
        `${path}: holds neither checkpoints, event files nor a data set; inspect looks at ${what}`,
      );
    for (const dataset of inside) await inspectData(path, dataset, console);
  }
}

/** One row a run. */
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
  console.result(`${path}: ${checkpoints.map((file) => basename(file)).join(', ')}\n`, {
    kind: 'run',
    dir: path,
    checkpoints,
  });
  if (found !== undefined) inspectCheckpoint(found.path, found.checkpoint, console);
}

/** Of a file, or of all files of a folder, as TensorBoard would put them together. */
async function inspectEvents(path: string, console: Console): Promise<void> {
  const { tags, graphNodes, hyperparameters } = summarizeEvents(await readRun(path));
  const configured = settings(Object.entries(hyperparameters).map(([name, value]) => [name, String(value)]));
  const graph = graphNodes === undefined ? 'no graph' : `a graph of ${number(graphNodes)} nodes`;
  const rows = tags.map((row) => [
    row.tag,
    row.kind,
    ...[row.points, row.firstStep, row.lastStep].map(String),
    lastValueOf(row),
  ]);
  console.result(
    [
      `${path}: ${number(tags.length)} tags, ${graph}`,
      ...(configured === '' ? [] : [configured]),
      '',
      table([['tag', 'kind', 'points', 'first', 'last', 'last value'], ...rows]),
    ].join('\n'),
    { kind: 'events', path, tags, graphNodes: graphNodes ?? null, hyperparameters },
  );
}

function lastValueOf(row: TagRow): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  if (row.kind === 'scalar') return short(row.value);
  if (row.kind === 'image') return `${row.width} × ${row.height}`;
  return `${short(row.min)} … ${short(row.max)}`;
}

function inspectCheckpoint(path: string, { metadata, tensors }: Checkpoint, console: Console): void {
  const all = [...tensors].map(([name, { shape, data }]) => ({ name, shape, ...statisticsOf(data) }));
  // Moving averages have the shapes of their variables, and names that do not fit a terminal.
  const shown = all.filter(({ name }) => !name.endsWith(averageName('')));
  const rows = shown.map(({ name, shape, mean, deviation, least, greatest, notFinite }) => [
    name,
    shape.join('×') || 'scalar',
    ...[mean, deviation, least, greatest].map((value) => value.toPrecision(3)),
    notFinite === 0 ? '' : `${notFinite} not finite`,
  ]);
  const hidden = all.length - shown.length;
  console.result(
    [
      path,
      settings(fieldsOf(metadata)),
      '',
      table([['tensor', 'shape', 'mean', 'deviation', 'least', 'greatest', ''], ...rows]),
      ...(hidden === 0 ? [] : [`and moving averages of ${hidden} of them`]),
    ].join('\n'),
    { kind: 'contents', path, metadata, tensors: all },
  );
}

/** Names and values of nested fields: `dataset.name`, `synthetic`. */
function fieldsOf(value: object, prefix = ''): readonly (readonly [name: string, value: string])[] {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const path = prefix + name;
    if (Array.isArray(field))
      return [[path, field.length === 0 ? 'none' : field.map(textOf).join(', ')] as const];
    if (typeof field === 'object' && field !== null) return fieldsOf(field, `${path}.`);
    return [[path, field === null ? 'unknown' : String(field)] as const];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
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
      'Every file has its size, and every record a label with a class.',
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

function inspectOnnx(path: string, bytes: Uint8Array, console: Console): void {
  const summary = summarizeOnnx(path, bytes);
  const { producer, opset, inputs, outputs, operators, initializerBytes } = summary;
  const nodes = operators.reduce((sum, [, count]) => sum + count, 0);
  console.result(
    [
      `${path}: produced by ${producer || 'an unknown program'}, opset ${opset}, ${nodes} nodes, ${number(initializerBytes)} bytes of constants`,
      `inputs:\n${inputs.map((text) => `  ${text}`).join('\n')}\noutputs:\n${outputs.map((text) => `  ${text}`).join('\n')}`,
      table([['operator', 'nodes'], ...operators.map(([name, count]) => [name, String(count)])]),
    ].join('\n'),
    { kind: 'onnx', path, ...summary, operators: Object.fromEntries(operators), nodes },
  );
}
