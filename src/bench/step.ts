/** Measures complete training steps like those of `train`: next distorted batch, forward and backward pass,
 * update, averages and losses. */
import type { Examples } from '../data/examples.ts';
import type { Engine, PartTime, Session } from '../engine/engine.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { prefetchBatches } from '../input/prefetch.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, scalar, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { trainStep } from '../training/train-step.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';

/** A training that runs one step at each call. */
export interface SteppedTraining {
  readonly step: () => Promise<unknown>;
  readonly release: () => Promise<void>;
}

const network = tutorialNetwork(10);

/** The number of floating-point operations of one step, computed from its operators. */
export function stepFlop(batchSize: number): number {
  return (
    2 *
    multiplyAdds(buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters }).graph)
  );
}

/** Starts a training with prefetched batches, like those of a real run. */
export async function startTraining(
  engine: Engine,
  examples: Examples,
  batchSize: number,
): Promise<SteppedTraining> {
  const training = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });
  const session = await engine.compile(training.graph);
  await session.write(initialVariables(training, 0)).catch(async (error: unknown) => {
    await session.release();
    throw error;
  });
  const { imageShape } = network;
  const batches = prefetchBatches(examples, {
    ...{ seed: 0, batchSize, firstStep: 0, imageShape, images: tutorialImages },
  });
  // The learning rate is small, so that the training does not diverge.
  const hyperparameters = { ...tutorialHyperparameters, learningRate: 0.01 };
  return {
    step: async () => {
      const batch = await batches.next();
      await trainStep({ examples, batchSize, network, hyperparameters }, training.lossNames, session, batch);
      batches.recycle(batch);
    },
    release: async () => {
      await Promise.all([batches.close(), session.release()]);
    },
  };
}

/** The time of each part of a step with a batch of random images. */
export async function profileStep(
  engine: Engine,
  batchSize: number,
  steps: number,
): Promise<readonly PartTime[]> {
  const training = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });
  const session: Session = await engine.compile(training.graph, { profiling: true });
  try {
    await session.write(initialVariables(training, 0));
    return await session.profile(randomBatch(batchSize), steps);
  } finally {
    await session.release();
  }
}

function randomBatch(batchSize: number): ReadonlyMap<string, Tensor> {
  const stream = new RandomStream(0, 'test');
  const shape = [batchSize, ...network.imageShape];
  const images = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());
  const labels = Int32Array.from({ length: batchSize }, () => stream.below(network.classes));
  return new Map<string, Tensor>([
    ['images', float32(shape, images)],
    ['labels', { dtype: 'int32', shape: [batchSize], data: labels }],
    ['learning_rate', scalar(0.01)],
    ['moving_average_decay', scalar(0.99)],
  ]);
}
