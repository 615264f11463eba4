/** How fast a whole training step is: the batch fed, forward, backward, update, moving averages, losses read. */
import type { Engine } from '../engine/engine.ts';
import { tutorialNetwork } from '../model/network.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { tutorialHyperparameters } from '../training/hyperparameters.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { type Spread, spread, timeRuns } from './statistics.ts';

export interface StepResult {
  readonly batchSize: number;
  readonly millis: Spread;
  readonly imagesPerSecond: number;
  /** Floating-point operations of one step. */
  readonly flop: number;
}

/** A fixed batch of random images, so that nothing but the step is measured. */
export async function measureStep(engine: Engine, batchSize: number, steps: number): Promise<StepResult> {
  const network = tutorialNetwork(10);
  const training = buildTrainingGraph(network, batchSize, tutorialHyperparameters);
  const session = await engine.compile(training.graph);
  try {
    await session.write(initialVariables(training, 0));
    const feeds = randomBatch(batchSize, network.imageShape, network.classes);
    const millis = spread(await timeRuns(steps, 3, () => session.step(feeds)));
    const flop = 2 * multiplyAdds(training.graph);
    return { batchSize, millis, imagesPerSecond: (batchSize / millis.median) * 1e3, flop };
  } finally {
    await session.release();
  }
}

function randomBatch(
  batchSize: number,
  imageShape: readonly number[],
  classes: number,
): ReadonlyMap<string, Tensor> {
  const stream = new RandomStream(0, 'test');
  const shape = [batchSize, ...imageShape];
  const size = shape.reduce((product, length) => product * length, 1);
  return new Map<string, Tensor>([
    [
      'images',
      float32(
        shape,
        Float32Array.from({ length: size }, () => stream.normal()),
      ),
    ],
    [
      'labels',
      {
        dtype: 'int32',
        shape: [batchSize],
        data: Int32Array.from({ length: batchSize }, () => stream.below(classes)),
      },
    ],
    ['learning_rate', scalar(0.01)],
    ['moving_average_decay', scalar(0.99)],
  ]);
}
