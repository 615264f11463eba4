/** Measures complete training steps like those of `train`: next distorted batch, forward and backward pass,
 * update, averages and losses. */
import type { Examples } from '../data/examples.ts';
import type { Engine, PartTime, Session } from '../engine/engine.ts';
import { prefetchBatches } from '../input/prefetch.ts';
import { sampleImages } from '../input/sample-images.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, scalar, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { drawMasks } from '../training/dropout-masks.ts';
import { initialState } from '../training/loss-scale.ts';
import { openSession } from '../training/towers.ts';
import { trainStep } from '../training/train-step.ts';
import {
  buildTrainingGraph,
  initialVariables,
  stepScalars,
  type TrainingGraph,
} from '../training/training-graph.ts';
import type { Subject } from './subject.ts';
import type { Variant } from './variants.ts';

/** Training that runs one step per call. */
export interface SteppedTraining {
  readonly step: () => Promise<unknown>;
  readonly release: () => Promise<void>;
}

/** Returns the number of floating-point operations of one step, computed from its operators. */
export function stepFlop(subject: Subject, batchSize: number): number {
  return 2 * multiplyAdds(graphOf(subject, batchSize).graph);
}

function graphOf(
  { network, hyperparameters, groups = [], freeze = [] }: Subject,
  batchSize: number,
  engine?: Engine,
): TrainingGraph {
  const recipe = { network, batchSize, hyperparameters, groups, freeze };
  return buildTrainingGraph({ ...recipe, ...(engine && { engine }) });
}

/** Starts training with prefetched batches, like those of a real run. */
export async function startTraining(
  { engine, towers }: Pick<Variant, 'engine' | 'towers'>,
  examples: Examples,
  subject: Subject,
  batchSize: number,
): Promise<SteppedTraining> {
  const training = graphOf(subject, batchSize, engine);
  const session = await openSession({ ...subject, batchSize, engine, towers }, training);
  const { network, images } = subject;
  const { imageShape } = network;
  const start = async () =>
    session.write(initialVariables(training, 0, undefined, sampleImages(examples, images, imageShape)));
  await start().catch(async (error: unknown) => {
    await session.release();
    throw error;
  });
  const batches = prefetchBatches(examples, {
    ...{ seed: 0, batchSize, firstStep: 0, imageShape, images },
  });
  // The learning rate is small, so that training does not diverge.
  const hyperparameters = { ...subject.hyperparameters, schedule: 'constant', learningRate: 0.01 } as const;
  const recipe = { ...subject, hyperparameters, examples, batchSize, seed: 0 };
  let state = initialState(training.isLossScaled);
  return {
    step: async () => {
      const batch = await batches.next();
      ({ state } = await trainStep(recipe, training, session, batch, { state }));
      batches.recycle(batch);
    },
    release: async () => {
      await Promise.all([batches.close(), session.release()]);
    },
  };
}

/** Measures the time of each part of a step with a batch of random images. */
export async function profileStep(
  engine: Engine,
  subject: Subject,
  batchSize: number,
  steps: number,
): Promise<readonly PartTime[]> {
  const training = graphOf(subject, batchSize, engine);
  const session: Session = await engine.compile(training.graph, { profiling: true });
  try {
    const feeds = randomFeeds(subject, training, batchSize);
    await session.write(initialVariables(training, 0, undefined, () => feeds.get('images') as Float32Tensor));
    return await session.profile(feeds, steps);
  } finally {
    await session.release();
  }
}

/** Returns a batch of random images, and the scalars of the first step. */
function randomFeeds(
  subject: Subject,
  { masks, isLossScaled }: TrainingGraph,
  batchSize: number,
): ReadonlyMap<string, Tensor> {
  const { imageShape, classes } = subject.network;
  const stream = new RandomStream(0, 'test');
  const shape = [batchSize, ...imageShape];
  const images = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());
  const labels = Int32Array.from({ length: batchSize }, () => stream.below(classes));
  const lossScale = initialState(isLossScaled).lossScale?.scale;
  const scalars = stepScalars(0, batchSize, { ...subject, batchSize }, { lossScale });
  return new Map<string, Tensor>([
    ['images', float32(shape, images)],
    ['labels', { dtype: 'int32', shape: [batchSize], data: labels }],
    ...[...scalars].map(([name, value]) => [name, scalar(value)] as const),
    ...drawMasks(masks, 0, 0),
  ]);
}
