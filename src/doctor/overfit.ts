/** Tests training: a network that cannot memorize one small batch will not learn anything else either. */
import { examplesIn } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import { drawRecords } from '../data/synthetic/records.ts';
import type { Engine } from '../engine/engine.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { makeImages, tutorialImages } from '../input/augmentations.ts';
import { BatchMaker } from '../input/batch.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, float32Data, scalar, type Tensor } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';

export interface Overfit {
  /** The number of steps until the batch was learned, or the maximum number if it was not. */
  readonly steps: number;
  /** The cross entropy of the batch at the first step. */
  readonly first: number;
  /** The cross entropy of the batch at the last step. */
  readonly last: number;
  /** The fraction of the batch that is classified correctly afterwards. */
  readonly accuracy: number;
}

export interface OverfitOptions {
  readonly batchSize?: number;
  readonly maxSteps?: number;
  /** Called after every step with the number of steps so far. */
  readonly onStep?: (steps: number) => void;
}

/** The batch counts as learned below this cross entropy. The geometric mean of the probabilities of the correct
 * classes is then above 0.9. */
const learnedLoss = 0.1;

/** Trains the network of the tutorial on one batch of undistorted, generated images until it is learned. */
export async function overfitOneBatch(
  engine: Engine,
  { batchSize = 8, maxSteps = 80, onStep = () => undefined }: OverfitOptions = {},
): Promise<Overfit> {
  const dataset = datasets.synthetic;
  const count = Math.min(batchSize, examplesIn(dataset, 'train'));
  const records = new Uint8Array(new SharedArrayBuffer(drawRecords('train', 0, count).length));
  records.set(drawRecords('train', 0, count));
  const examples = {
    dataset,
    split: 'train',
    count,
    records,
    keyOf: (index: number) => `drawn:${index}`,
  } as const;

  const network = tutorialNetwork(dataset.classes.length);
  const maker = new BatchMaker(examples, makeImages(tutorialImages, network.imageShape, dataset));
  const batch = maker.evaluation(0, maker.buffers(count));
  const training = buildTrainingGraph({
    network,
    batchSize: count,
    hyperparameters: { ...tutorialHyperparameters, clipNorm: 5 },
  });
  const feeds = new Map<string, Tensor>([
    ['images', { dtype: 'float32', shape: [count, ...network.imageShape], data: batch.images }],
    ['labels', { dtype: 'int32', shape: [count], data: batch.labels }],
    ['learning_rate', scalar(0.05)],
    ['moving_average_decay', scalar(0)],
  ]);
  const session = await engine.compile(training.graph);
  const losses: number[] = [];
  let variables: ReadonlyMap<string, Float32Tensor>;
  try {
    await session.write(initialVariables(training, 0));
    while (losses.length < maxSteps && !((losses.at(-1) ?? Number.NaN) < learnedLoss)) {
      const loss = (await session.step(feeds)).get('cross_entropy');
      losses.push((loss && float32Data(loss)[0]) ?? Number.NaN);
      onStep(losses.length);
    }
    variables = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
  } finally {
    await session.release();
  }
  const evaluator = await Evaluator.create(engine, network, count, tutorialImages);
  try {
    const score = await evaluator.score(variables, 'raw', examples);
    return {
      steps: losses.length,
      first: losses[0] ?? Number.NaN,
      last: losses.at(-1) ?? Number.NaN,
      accuracy: score?.precision ?? 0,
    };
  } finally {
    await evaluator.release();
  }
}
