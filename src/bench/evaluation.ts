/** How fast images are evaluated: central crops prepared, forward pass, precision counted. */
import type { Examples } from '../data/examples.ts';
import type { Engine } from '../engine/engine.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { tutorialNetwork } from '../model/network.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { spread, timeRuns } from './statistics.ts';

/** Images a second over the whole of the examples, the median of three passes. */
export async function measureEvaluation(
  engine: Engine,
  examples: Examples,
  batchSize: number,
): Promise<number> {
  const network = tutorialNetwork(examples.dataset.classes.length);
  const training = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });
  const variables = initialVariables(training, 0);
  const evaluator = await Evaluator.create(engine, network, batchSize);
  try {
    const times = await timeRuns(3, 1, () => evaluator.score(variables, 'raw', examples));
    return (examples.count / spread(times).median) * 1e3;
  } finally {
    await evaluator.release();
  }
}
