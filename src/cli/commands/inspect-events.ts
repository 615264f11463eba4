/** `inspect` of event files. */
import { summarizeEvents, type TagRow, type UnreadKind } from '../../inspect/events.ts';
import { readRun } from '../../summary/event-reader.ts';
import { counted, oneLine, shortened } from '../../wording.ts';
import type { Console } from '../console.ts';
import { settings, table } from '../table.ts';

/** Shows the tags of a file, or of all files of a folder, combined like in TensorBoard. Warns about damage.
 * @throws RunError when nothing can be read */
export async function inspectEvents(path: string, console: Console): Promise<void> {
  const run = await readRun(path, console.warn);
  const { tags, graphNodes, hyperparameters, unread } = summarizeEvents(run, (text) =>
    console.warn(`${oneLine(path)}: ${text}`),
  );
  const configured = settings(Object.entries(hyperparameters).map(([name, value]) => [name, String(value)]));
  const graph = graphNodes === undefined ? 'no graph' : `a graph of ${counted(graphNodes, 'node')}`;
  const rows = tags.map((row) => [
    row.tag,
    row.kind,
    ...[row.points, row.firstStep, row.lastStep].map(String),
    lastValueOf(row),
  ]);
  console.result(
    [
      `${oneLine(path)}: ${counted(tags.length, 'tag')}, ${graph}`,
      ...(unread.length > 0 ? [`  not read: ${unread.map(describeUnread).join(', ')}`] : []),
      ...(configured === '' ? [] : [configured]),
      '',
      table([['tag', 'kind', 'points', 'first', 'last', 'last value'], ...rows]),
    ].join('\n'),
    { kind: 'events', path, tags, graphNodes: graphNodes ?? null, hyperparameters, unread },
  );
}

const shown = (text: string) => oneLine(shortened(text, 200));

/** `text (2 values of 1 tag)` */
function describeUnread({ kind, values, tags }: UnreadKind): string {
  const of = tags === 0 ? '' : ` of ${counted(tags, 'tag')}`;
  return `${shown(kind)} (${counted(values, 'value')}${of})`;
}

function lastValueOf(row: TagRow): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  if (row.kind === 'scalar') return short(row.value);
  if (row.kind === 'image') return `${row.width} × ${row.height}`;
  return `${short(row.min)} … ${short(row.max)}`;
}
