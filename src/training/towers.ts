/** The towers of a run, and the processes (ranks) of an MPI job that train together: their shares of a batch and their sessions. */
import type { Session } from '../engine/engine.ts';
import { openTowers } from '../engine/tower-session.ts';
import { type Share, sharesOf } from '../input/batch.ts';
import { isLossScaled } from './loss-scale.ts';
import { type Placement, placedNodes, type TowerPlacement } from './placement.ts';
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

/** Returns the graph of a step of the run with the whole batch.
 * @param unscaled the graph without loss scaling, which some precisions need */
export function trainingGraphOf(
  run: GraphRecipe & Pick<TrainingRun, 'engine'>,
  unscaled: TrainingGraph,
): TrainingGraph {
  return isLossScaled(run.engine.precision) ? buildTrainingGraph(run) : unscaled;
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
    if (!graphs.has(count)) graphs.set(count, graphOf(run, training, count));
  const graph = (count: number) => graphs.get(count) ?? training.graph;
  return openTowers(engine, {
    whole: graph(rows),
    towers: shares.map((count) => ({ graph: graph(count), weight: count / batchSize })),
    threads: threadsOf(run),
    outer: ranks?.outer,
  });
}

/** Finds out where the steps of a run are computed, with a session for each share of a batch that its towers of this process take.
 * The sessions are released again, and do not take part in the run.
 * @param training the graph of a step with the whole batch
 * @throws RunError when the engine rejects the graph */
export async function placementOf(
  run: GraphRecipe & Pick<TrainingRun, 'engine' | 'towers' | 'ranks'>,
  training: TrainingGraph,
): Promise<Placement> {
  const { engine, batchSize, towers, ranks } = run;
  const { name, library, precision } = engine;
  const shares = sharesOf(shareOf(run).count, towers).map(({ count }) => count);
  const isAlone = towers === 1 && ranks === undefined;
  const threads = isAlone ? engine.threads : threadsOf(run);
  const parts: TowerPlacement[] = [];
  for (const images of new Set(shares)) {
    const isWhole = images === batchSize && ranks === undefined;
    const graph = isWhole ? training.graph : graphOf(run, training, images);
    // A single tower exchanges values with no others, but its step has the same kernels as that of one of several towers.
    const session = isAlone
      ? await engine.compile(graph)
      : await openTowers(engine, { whole: graph, towers: [{ graph, weight: 1 }], threads });
    try {
      const nodes = await placedNodes(session, graph, name);
      const those = shares.flatMap((count, tower) => (count === images ? [`tower_${tower}`] : []));
      parts.push({ towers: those, images, threads, nodes });
    } finally {
      await session.release();
    }
  }
  return { engine: name, library, precision, parts };
}

function graphOf(
  { network, hyperparameters, groups = [], freeze = [], ranks }: GraphRecipe & Pick<TrainingRun, 'ranks'>,
  { isLossScaled: lossScaling }: TrainingGraph,
  rows: number,
) {
  return buildTrainingGraph(
    { network, hyperparameters, groups, freeze, batchSize: rows },
    { votes: ranks !== undefined, lossScaling },
  ).graph;
}
