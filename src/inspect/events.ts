/** The event files of a run in a few lines: every tag with its points. */
import { decodeGraphDef } from '../summary/graph-def.ts';
import { type Hyperparameters, hyperparametersOf } from '../summary/hparams.ts';
import type { Curves, Point, RunEvents } from '../summary/run-events.ts';

/** A tag, and what it was at last. A tag whose points are all void is left out. */
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
  /** Scalars, then histograms, then images, each in the order of the files. */
  readonly tags: readonly TagRow[];
  /** Nodes of the newest graph; undefined where there is none. */
  readonly graphNodes?: number;
  /** What runs are compared by. */
  readonly hyperparameters: Hyperparameters;
}

/** @throws RunError when graph or hyperparameters are no such messages */
export function summarizeEvents({ scalars, histograms, images, graph, plugins }: RunEvents): EventsSummary {
  const content = plugins.get('_hparams_/session_start_info')?.content;
  return {
    tags: [
      ...rows(scalars, (value) => ({ kind: 'scalar', value })),
      ...rows(histograms, ({ num, min, max }) => ({ kind: 'histogram', values: num, min, max })),
      ...rows(images, ({ width, height }) => ({ kind: 'image', width, height })),
    ],
    ...(graph !== undefined && { graphNodes: decodeGraphDef(graph).length }),
    hyperparameters: content === undefined ? {} : hyperparametersOf(content),
  };
}

function rows<T>(curves: Curves<T>, tell: (value: T) => LastValue): readonly TagRow[] {
  return [...curves].flatMap(([tag, points]) => {
    const [first, last]: readonly (Point<T> | undefined)[] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [{ tag, points: points.length, firstStep: first.step, lastStep: last.step, ...tell(last.value) }];
  });
}
