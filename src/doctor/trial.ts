/** Estimates the training speed of an engine with a few steps of the tutorial's network. */
import type { Engine } from '../engine/engine.ts';
import { timeSteps } from '../engine/time-steps.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';

export interface TrialOptions {
  /** Default: 128, as in the tutorial. */
  readonly batchSize?: number;
  /** The number of timed steps. Default: 3 */
  readonly steps?: number;
  /** Called after every step. */
  readonly onStep?: () => void;
}

/** Returns the images per second of the fastest of a few steps, without input and saving. (`cifar10 bench` times whole runs.)
 * @throws RunError when the engine fails */
export async function trialSpeed(
  engine: Engine,
  { batchSize = 128, ...options }: TrialOptions = {},
): Promise<number> {
  const hyperparameters = { ...tutorialHyperparameters, clipNorm: 5 };
  const training = buildTrainingGraph({ network: tutorialNetwork(10), batchSize, hyperparameters });
  const timed = { graph: training.graph, variables: initialVariables(training, 0) };
  return (batchSize / (await timeSteps(engine, timed, options))) * 1e3;
}

/** Rounds a rate to two digits, because a short trial is not more accurate than that. */
export function rounded(rate: number): string {
  return Number(rate.toPrecision(2)).toLocaleString('en-US');
}
