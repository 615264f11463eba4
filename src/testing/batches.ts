/** Batches of the tutorial's images, made synchronously in this thread. */
import type { ExampleRecords } from '../data/examples.ts';
import { makeImages, tutorialImages } from '../input/augmentations.ts';
import { type Batch, BatchMaker } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';

/** [C, H, W] of the tutorial's images. */
export const imageShape = [3, 24, 24] as const;

export function tutorialMaker(examples: ExampleRecords): BatchMaker {
  return new BatchMaker(examples, makeImages(tutorialImages, imageShape, examples.dataset));
}

export function trainingBatch(examples: ExampleRecords, step: number, batchSize: number, seed = 0): Batch {
  const maker = tutorialMaker(examples);
  return maker.training(new ExampleOrder(seed, examples.count), step, maker.buffers(batchSize));
}

export function evaluationBatch(examples: ExampleRecords, step: number, batchSize: number): Batch {
  const maker = tutorialMaker(examples);
  return maker.evaluation(step, maker.buffers(batchSize));
}
