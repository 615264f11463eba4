/** How fast batches are made, on one core and by the thread that makes them while a step computes. */
import type { Examples } from '../data/examples.ts';
import { distortedBatch, newBuffers } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { type Spread, spread, timeRuns } from './statistics.ts';

export interface InputResult {
  readonly imagesPerSecond: number;
  readonly millis: Spread;
}

/** Distorted batches one after the other in this thread: images a second of one core. */
export async function measureInput(
  examples: Examples,
  batchSize: number,
  batches: number,
): Promise<InputResult> {
  const order = new ExampleOrder(0, examples.count);
  const buffers = newBuffers(batchSize);
  let step = 0;
  const make = () => Promise.resolve(distortedBatch(examples, order, step++, buffers));
  const millis = spread(await timeRuns(batches, 20, make));
  return { millis, imagesPerSecond: (batchSize / millis.median) * 1e3 };
}
