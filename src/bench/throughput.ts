/** Measures the images per second of evaluation, and of preparing input alone. */
import type { Examples } from '../data/examples.ts';
import type { Engine } from '../engine/engine.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { makeImages } from '../input/augmentations.ts';
import { BatchMaker } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { sampleImages } from '../input/sample-images.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { type Spread, spread, timeRuns } from './statistics.ts';
import type { Subject } from './subject.ts';

/** Returns the images per second of an evaluation of all examples, including central crops, forward pass and precision: the
 * median of three passes. */
export async function measureEvaluation(
  engine: Engine,
  examples: Examples,
  { network, hyperparameters, images }: Subject,
  batchSize: number,
): Promise<number> {
  const training = buildTrainingGraph({ network, batchSize, hyperparameters });
  const variables = initialVariables(
    training,
    0,
    undefined,
    sampleImages(examples, images, network.imageShape),
  );
  const evaluator = await Evaluator.create(engine, network, batchSize, images);
  try {
    const times = await timeRuns(3, 1, () => evaluator.score(variables, 'raw', examples));
    return (examples.count / spread(times).median) * 1e3;
  } finally {
    await evaluator.release();
  }
}

export interface InputResult {
  readonly imagesPerSecond: number;
  readonly millis: Spread;
}

/** Makes distorted batches in this thread, to measure the images per second of one core. */
export async function measureInput(
  examples: Examples,
  { network: { imageShape }, images }: Subject,
  batchSize: number,
  batches: number,
): Promise<InputResult> {
  const order = new ExampleOrder(0, examples.count);
  const maker = new BatchMaker(examples, makeImages(images, imageShape, examples.dataset));
  const buffers = maker.buffers(batchSize);
  let step = 0;
  const make = () => Promise.resolve(maker.training(order, step++, buffers));
  const millis = spread(await timeRuns(batches, 20, make));
  return { millis, imagesPerSecond: (batchSize / millis.median) * 1e3 };
}
