/** Prints the findings of `inspect`: tables, and the events for `--json`. */
import { basename } from 'node:path';
import { runOf } from '../inspect/evaluations.ts';
import type { TagRow, UnreadKind } from '../inspect/events.ts';
import type { InspectFinding } from '../inspect/findings.ts';
import { counted, oneLine, shortened } from '../wording.ts';
import type { Console, JsonEvent } from './console.ts';
import { runTable } from './run-table.ts';
import { settings, table } from './table.ts';

type FindingOf<Kind extends InspectFinding['kind']> = Extract<InspectFinding, { readonly kind: Kind }>;
type Print = (text: string, event: JsonEvent) => void;

/** Returns a function that prints one finding per call. */
export function inspectReporter({ result, warn, columns }: Console): (finding: InspectFinding) => void {
  return (finding) => {
    switch (finding.kind) {
      case 'warning':
        warn(finding.message);
        return;
      case 'graph':
        printLayers(finding, result);
        return;
      case 'nodes':
        result(finding.text, { kind: 'nodes', nodes: finding.text.trim().split('\n') });
        return;
      case 'runs':
        printRuns(finding, result, columns());
        return;
      case 'run':
        printRun(finding, result);
        return;
      case 'contents':
        printContents(finding, result);
        return;
      case 'data':
        printData(finding, result);
        return;
      case 'pictures': {
        const { kind, dataset, augmentation, file } = finding;
        result(`Images of each class: ${oneLine(file)}`, {
          kind,
          dataset: dataset.name,
          augmentation,
          file,
        });
        return;
      }
      case 'evaluations':
        printEvaluations(finding, result);
        return;
      case 'onnx':
        printOnnx(finding, result);
        return;
      case 'events':
        printEvents(finding, result);
        return;
    }
  };
}

const number = (value: number) => value.toLocaleString('en-US');
/** Formats a name from another program's file so that it fits into a line. */
const name = (text: string) => oneLine(shortened(text, 200));

function printLayers(finding: FindingOf<'graph'>, print: Print): void {
  const { layers, parameters, multiplyAdds } = finding;
  const rows = layers.map((row) => [
    row.layer,
    row.output.join(' × '),
    number(row.parameters),
    number(row.multiplyAdds),
  ]);
  const sum = ['total, for one image', '', number(parameters), number(multiplyAdds)];
  print(table([['layer', 'output', 'parameters', 'multiply-adds'], ...rows, sum]), { ...finding });
}

/** Prints a table with one row per run. */
function printRuns({ kind, dir, runs, differing }: FindingOf<'runs'>, print: Print, width: number): void {
  print(runTable(runs, differing, width), { kind, dir, runs, differing });
}

function printRun({ kind, dir, checkpoints }: FindingOf<'run'>, print: Print): void {
  const files = checkpoints.map((file) => basename(file)).join(', ');
  print(`${oneLine(dir)}: ${files}\n`, { kind, dir, checkpoints });
}

function printContents(finding: FindingOf<'contents'>, print: Print): void {
  const { kind, path, metadata, tensors, averages } = finding;
  const short = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? '' : value.toPrecision(3);
  // Moving averages are omitted, because they have the shapes of their variables, and long names.
  const shown = tensors.filter((tensor) => !averages.has(tensor.name));
  const rows = shown.map((tensor) => [
    tensor.name,
    tensor.dtype,
    tensor.shape.slice(0, 100).join('×') || 'scalar',
    ...[tensor.mean, tensor.deviation, tensor.least, tensor.greatest].map(short),
    (tensor.notFinite ?? 0) === 0 ? '' : `${tensor.notFinite} not finite`,
  ]);
  const configured = settings(fieldsOf(metadata));
  const hidden = tensors.length - shown.length;
  const lines = [
    oneLine(path),
    ...(configured === '' ? [] : [configured]),
    '',
    table([['tensor', 'dtype', 'shape', 'mean', 'deviation', 'least', 'greatest', ''], ...rows]),
    ...(hidden === 0 ? [] : [`and the moving averages of ${hidden} of them`]),
  ];
  print(lines.join('\n'), { kind, path, metadata, tensors });
}

/** Returns the names and values of all fields, including nested ones, such as `dataset.name` with the value `synthetic`. */
function fieldsOf(value: object, prefix = ''): readonly (readonly [name: string, value: string])[] {
  return Object.entries(value).flatMap(([key, field]: [string, unknown]) => {
    if (field === undefined) return [];
    const path = prefix + key;
    if (Array.isArray(field))
      return [[path, field.length === 0 ? 'none' : field.map(textOf).join(', ')] as const];
    if (typeof field === 'object' && field !== null) return fieldsOf(field, `${path}.`);
    return [[path, field === null ? 'unknown' : String(field)] as const];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function printData({ kind, dataset, folder, classes }: FindingOf<'data'>, print: Print): void {
  const rows = classes.map((row) => [row.name, number(row.training), number(row.test)]);
  const lines = [
    `${folder}: ${dataset.title}`,
    table([['class', 'training', 'test'], ...rows]),
    'Every file has the right size, and every label has a class.',
  ];
  print(lines.join('\n'), { kind, dataset: dataset.name, folder, classes });
}

function printEvaluations({ kind, path, rows }: FindingOf<'evaluations'>, print: Print): void {
  const shown = (value: number | null) => (value === null ? '-' : number(value));
  const lines = rows.map((row) => [
    runOf(row),
    shown(row.globalStep),
    row.evalData ?? '-',
    row.weights ?? '-',
    shown(row.total),
    row.precision === null ? '-' : row.precision.toFixed(3),
    row.time?.slice(0, 16).replace('T', ' ') ?? '-',
  ]);
  const head = ['run', 'step', 'images of', 'weights', 'images', 'precision', 'time (UTC)'];
  print(`${oneLine(path)}: ${counted(rows.length, 'evaluation')}\n${table([head, ...lines])}\n`, {
    kind,
    path,
    rows,
  });
}

function printOnnx({ kind, path, summary }: FindingOf<'onnx'>, print: Print): void {
  const { producer, opset, otherOpsets, inputs, outputs, operators, initializerBytes, externalFiles } =
    summary;
  const nodes = operators.reduce((sum, [, count]) => sum + count, 0);
  const versions = [['opset', opset || 'unknown'], ...Object.entries(otherOpsets)].map(
    ([domain, version]) => `${name(String(domain))} ${version}`,
  );
  const elsewhere = externalFiles.map(
    ({ location, bytes }) => `, of which ${counted(bytes, 'byte')} in ${name(location)}`,
  );
  const head = [`produced by ${producer === '' ? 'an unknown program' : name(producer)}`, ...versions];
  const constants = `${counted(initializerBytes, 'byte')} of constants${elsewhere.join('')}`;
  const values = (names: readonly string[]) => names.map((value) => `  ${name(value)}`).join('\n');
  const lines = [
    `${oneLine(path)}: ${[...head, counted(nodes, 'node'), constants].join(', ')}`,
    `inputs:\n${values(inputs)}\noutputs:\n${values(outputs)}`,
    table([['operator', 'nodes'], ...operators.map(([operator, count]) => [operator, String(count)])]),
  ];
  print(lines.join('\n'), { kind, path, ...summary, operators: Object.fromEntries(operators), nodes });
}

function printEvents({ kind, path, summary }: FindingOf<'events'>, print: Print): void {
  const { tags, graphNodes, hyperparameters, unread } = summary;
  const configured = settings(Object.entries(hyperparameters).map(([key, value]) => [key, String(value)]));
  const graph = graphNodes === undefined ? 'no graph' : `a graph of ${counted(graphNodes, 'node')}`;
  const rows = tags.map((row) => [
    row.tag,
    row.kind,
    ...[row.points, row.firstStep, row.lastStep].map(String),
    lastValueOf(row),
  ]);
  const lines = [
    `${oneLine(path)}: ${counted(tags.length, 'tag')}, ${graph}`,
    ...(unread.length > 0 ? [`  not read: ${unread.map(describeUnread).join(', ')}`] : []),
    ...(configured === '' ? [] : [configured]),
    '',
    table([['tag', 'kind', 'points', 'first', 'last', 'last value'], ...rows]),
  ];
  const event = { kind, path, tags, graphNodes: graphNodes ?? null, hyperparameters, unread };
  print(lines.join('\n'), event);
}

/** Formats what was not read, as in `text (2 values of 1 tag)`. */
function describeUnread({ kind, values, tags }: UnreadKind): string {
  const of = tags === 0 ? '' : ` of ${counted(tags, 'tag')}`;
  return `${name(kind)} (${counted(values, 'value')}${of})`;
}

function lastValueOf(row: TagRow): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  if (row.kind === 'scalar') return short(row.value);
  if (row.kind === 'image') return `${row.width} × ${row.height}`;
  return `${short(row.min)} … ${short(row.max)}`;
}
