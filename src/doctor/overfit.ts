/** Does training work here? A network that cannot learn one batch by heart will learn nothing else. */
import { datasets, examplesIn } from '../data/dataset.ts';
import { drawRecords } from '../data/synthetic/generate.ts';
import type { Engine } from '../engine/engine.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { evaluationBatch, newBuffers } from '../input/batch.ts';
import { tutorialNetwork } from '../model/network.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, float32Data, scalar, type Tensor } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';

export interface Overfit {
  readonly steps: number;
  /** Cross entropy of the batch at the first and at the last step. */
  readonly first: number;
  readonly last: number;
  /** Precision @ 1 on the batch afterwards. */
  readonly precision: number;
}

/** Trains the tutorial's network on one batch of drawn pictures, undistorted, for so many steps. */
export async function overfitOneBatch(engine: Engine, batchSize = 32, steps = 80): Promise<Overfit> {
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
  const batch = evaluationBatch(examples, 0, newBuffers(count));

  const network = tutorialNetwork(dataset.classes.length);
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
    for (let step = 0; step < steps; step++) {
      const loss = (await session.step(feeds)).get('cross_entropy');
      losses.push((loss && float32Data(loss)[0]) ?? Number.NaN);
    }
    variables = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
  } finally {
    await session.release();
  }
  const evaluator = await Evaluator.create(engine, network, count);
  try {
    const score = await evaluator.score(variables, 'raw', examples);
    return {
      steps,
      first: losses[0] ?? Number.NaN,
      last: losses.at(-1) ?? Number.NaN,
      precision: score?.precision ?? 0,
    };
  } finally {
    await evaluator.release();
  }
}
