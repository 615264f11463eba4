/** Estimates the training speed of an engine with a few steps of the same size as those of the tutorial. */
import type { Engine } from '../engine/engine.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { scalar, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';

const batchSize = 128;
const [warmUp, timed] = [1, 3];

/** Returns the images per second of the fastest of a few steps, without input and saving. (`cifar10 bench` times whole runs.)
 * @param onStep called after every step */
export async function trialSpeed(engine: Engine, onStep: () => void = () => undefined): Promise<number> {
  const network = tutorialNetwork(10);
  const hyperparameters = { ...tutorialHyperparameters, clipNorm: 5 };
  const training = buildTrainingGraph({ network, batchSize, hyperparameters });
  const shape = [batchSize, ...network.imageShape];
  // The values do not affect the time. These images contain the values -1, 0 and 1.
  const images = Float32Array.from({ length: sizeOf(shape) }, (_, index) => (index % 3) - 1);
  const labels = Int32Array.from({ length: batchSize }, (_, index) => index % network.classes);
  const feeds = new Map<string, Tensor>([
    ['images', { dtype: 'float32', shape, data: images }],
    ['labels', { dtype: 'int32', shape: [batchSize], data: labels }],
    ['learning_rate', scalar(0.01)],
    ['moving_average_decay', scalar(0.99)],
  ]);
  const session = await engine.compile(training.graph);
  try {
    await session.write(initialVariables(training, 0));
    let fastest = Number.POSITIVE_INFINITY;
    for (let step = 0; step < warmUp + timed; step++) {
      const start = performance.now();
      await session.step(feeds);
      if (step >= warmUp) fastest = Math.min(fastest, performance.now() - start);
      onStep();
    }
    return (batchSize / fastest) * 1e3;
  } finally {
    await session.release();
  }
}
