/** The towers of a run: how many there are, and their sessions. */
import type { Session } from '../engine/engine.ts';
import { openTowers } from '../engine/tower-session.ts';
import type { TrainingRun } from './run-definition.ts';
import { buildTrainingGraph, type GraphRecipe, type TrainingGraph } from './training-graph.ts';

/** The number of threads of each tower, if the towers share the threads of the engine. */
export function threadsOf({ engine, towers }: Pick<TrainingRun, 'engine' | 'towers'>): number {
  return Math.max(1, Math.floor(engine.threads / towers));
}

/** Compiles the step of a run, for one tower or for several.
 * @param training the graph of a step with the whole batch
 * @throws RunError when the engine rejects the graph */
export function openSession(
  run: GraphRecipe & Pick<TrainingRun, 'engine' | 'towers'>,
  training: TrainingGraph,
): Promise<Session> {
  const { engine, batchSize, towers, network, hyperparameters, groups = [] } = run;
  if (towers === 1) return engine.compile(training.graph);
  return openTowers(engine, {
    whole: training.graph,
    graphOf: (rows) => buildTrainingGraph({ network, hyperparameters, groups, batchSize: rows }).graph,
    ...{ batchSize, towers, threads: threadsOf(run) },
  });
}
