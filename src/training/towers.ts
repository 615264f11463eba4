/** The towers of a run, and the processes (ranks) of an MPI job that train together: their shares of a batch and their sessions. */
import type { Session } from '../engine/engine.ts';
import { openTowers } from '../engine/tower-session.ts';
import { type Share, sharesOf } from '../input/batch.ts';
import type { TrainingRun } from './run-definition.ts';
import { buildTrainingGraph, type GraphRecipe, type TrainingGraph } from './training-graph.ts';

/** The number of threads of each tower, if the towers share the threads of the engine. */
export function threadsOf({ engine, towers }: Pick<TrainingRun, 'engine' | 'towers'>): number {
  return Math.max(1, Math.floor(engine.threads / towers));
}

/** The rows of each batch that this process takes. Without other processes, these are all rows. */
export function shareOf({ batchSize, ranks }: Pick<TrainingRun, 'batchSize' | 'ranks'>): Share {
  if (ranks === undefined) return { first: 0, count: batchSize };
  return sharesOf(batchSize, ranks.size)[ranks.rank] ?? { first: 0, count: 0 };
}

/** Compiles the step of a run, for one tower or for several.
 * @param training the graph of a step with the whole batch
 * @throws RunError when the engine rejects the graph */
export function openSession(
  run: GraphRecipe & Pick<TrainingRun, 'engine' | 'towers' | 'ranks'>,
  training: TrainingGraph,
): Promise<Session> {
  const { engine, batchSize, towers, ranks } = run;
  if (towers === 1 && ranks === undefined) return engine.compile(training.graph);
  const { count: rows } = shareOf(run);
  const graphs = new Map([[batchSize, training.graph]]);
  const shares = sharesOf(rows, towers).map(({ count }) => count);
  for (const count of new Set([rows, ...shares]))
    if (!graphs.has(count)) graphs.set(count, graphOf(run, count));
  const graph = (count: number) => graphs.get(count) ?? training.graph;
  return openTowers(engine, {
    whole: graph(rows),
    towers: shares.map((count) => ({ graph: graph(count), weight: count / batchSize })),
    threads: threadsOf(run),
    outer: ranks?.outer,
  });
}

function graphOf(
  { network, hyperparameters, groups = [], freeze = [], ranks }: GraphRecipe & Pick<TrainingRun, 'ranks'>,
  rows: number,
) {
  return buildTrainingGraph(
    { network, hyperparameters, groups, freeze, batchSize: rows },
    { votes: ranks !== undefined },
  ).graph;
}
