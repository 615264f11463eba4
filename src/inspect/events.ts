/** Summarizes the event files of a run, with one row per tag. */
import { RunError } from '../errors.ts';
import { EventQueue } from '../events.ts';
import { readRun } from '../summary/event-reader.ts';
import { decodeGraphDef } from '../summary/graph-def.ts';
import { type Hyperparameters, hyperparametersOf } from '../summary/hparams.ts';
import type { Curves, Point, RunEvents } from '../summary/run-events.ts';
import { oneLine } from '../wording.ts';
import type { Findings, InspectFinding } from './findings.ts';

/** A tag with its number of points and its last value. Tags without any valid points are omitted. */
export type TagRow = LastValue & {
  readonly tag: string;
  readonly points: number;
  readonly firstStep: number;
  readonly lastStep: number;
};

export type LastValue =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'histogram'; readonly values: number; readonly min: number; readonly max: number }
  | { readonly kind: 'image'; readonly width: number; readonly height: number };

export interface EventsSummary {
  /** Scalars first, then histograms, then images, each in the order of the files. */
  readonly tags: readonly TagRow[];
  /** The number of nodes of the newest graph, or undefined without a graph. */
  readonly graphNodes?: number;
  /** The hyperparameters on TensorBoard's HParams page. */
  readonly hyperparameters: Hyperparameters;
  /** Kinds of values that are counted but not shown. */
  readonly unread: readonly UnreadKind[];
}

export interface UnreadKind {
  /** The TensorBoard plugin that shows such values, or the name of their field if they do not name a plugin. */
  readonly kind: string;
  readonly values: number;
  readonly tags: number;
}

/** Summarizes the tags of a file, or of all files of a folder, which are combined as in TensorBoard. Warns about damage.
 * @throws RunError when nothing can be read */
export async function* inspectEvents(path: string): Findings {
  const queue = new EventQueue<InspectFinding>();
  const onWarning = (message: string) => queue.push({ kind: 'warning', message });
  const run = yield* queue.during(readRun(path, onWarning));
  const summary = summarizeEvents(run, (text) => onWarning(`${oneLine(path)}: ${text}`));
  yield* queue.pending();
  yield { kind: 'events', path, summary };
}

/** @param onWarning called if the graph or the hyperparameters are damaged; they are then omitted */
export function summarizeEvents(
  { scalars, histograms, images, graph, plugins, unread }: RunEvents,
  onWarning: (text: string) => void,
): EventsSummary {
  const content = plugins.get('_hparams_/session_start_info')?.content;
  const graphNodes = graph && orWarn(() => decodeGraphDef(graph).length, onWarning);
  return {
    tags: [
      ...rows(scalars, (value) => ({ kind: 'scalar', value })),
      ...rows(histograms, ({ num, min, max }) => ({ kind: 'histogram', values: num, min, max })),
      ...rows(images, ({ width, height }) => ({ kind: 'image', width, height })),
    ],
    ...(graphNodes !== undefined && { graphNodes }),
    hyperparameters: (content && orWarn(() => hyperparametersOf(content), onWarning)) ?? {},
    unread: [...unread].map(([kind, { values, tags }]) => ({ kind, values, tags: tags.size })),
  };
}

function orWarn<T>(read: () => T, onWarning: (text: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    onWarning(error.message);
    return undefined;
  }
}

function rows<T>(curves: Curves<T>, describe: (value: T) => LastValue): readonly TagRow[] {
  return [...curves].flatMap(([tag, points]) => {
    const [first, last]: readonly (Point<T> | undefined)[] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [
      { tag, points: points.length, firstStep: first.step, lastStep: last.step, ...describe(last.value) },
    ];
  });
}
