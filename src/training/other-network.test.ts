import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { Evaluator } from '../evaluation/evaluate.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { constantInit, truncatedNormal } from '../model/initializers.ts';
import { Layers } from '../model/layers.ts';
import type { Network } from '../model/network.ts';
import { averageName, movingAverageDecay } from '../optimizer/moving-average.ts';
import { type Hyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { float32Data, scalar } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import { inTemporaryFolder, noiseExamples } from '../testing/examples.ts';
import { type TrainOptions, trainSteps } from './train.ts';
import { makeRun } from './training-run.ts';

/** A network that differs from the tutorial's in every respect: it has two weights in one scope, no biases, batch normalization, a
 * running mean and dropout. */
const small: Network = {
  name: 'small',
  configuration: { width: 6 },
  classes: 10,
  imageShape: [3, 24, 24],
  build: (builder, images, mode) => {
    const { op } = builder;
    const layers = new Layers(builder, mode);
    const initializer = truncatedNormal(0.1);
    const pooled = builder.scope('stem', () => {
      const options = { filters: 6, kernel: [3, 3], padding: 'VALID', initializer } as const;
      const normalized = layers.batchNormalization(layers.convolution(images, options));
      const convolved = layers.relu(normalized);
      return layers.activation(op('Mean', { x: convolved }, { axes: [2, 3], keepDims: false }, 'pool'));
    });
    const centered = builder.scope('center', () => {
      const mean = op('Mean', { x: pooled }, { axes: [0], keepDims: false });
      const tenth = op('Constant', {}, { value: scalar(0.1) });
      const running = layers.state('mean', [6], constantInit(0), (before) => {
        const step = op('Mul', { a: op('Sub', { a: mean, b: before }), b: tenth });
        return op('Add', { a: before, b: step });
      });
      return op('Sub', { a: pooled, b: mode.training ? mean : running });
    });
    const logits = builder.scope('head', () => {
      const first = layers.parameter('first', [6, 8], { initializer, decayShare: 1 });
      const second = layers.parameter('second', [8, 10], { initializer, decayShare: 1 });
      const hidden = op('MatMul', { a: centered, b: first }, { transposeA: false, transposeB: false });
      return op(
        'MatMul',
        { a: layers.dropout(hidden, { rate: 0.25 }), b: second },
        { transposeA: false, transposeB: false },
      );
    });
    return layers.network(logits);
  },
};

for (const { name, create, skip } of engines)
  test(`a network unlike the tutorial's can be trained, resumed bit-identically and evaluated, ${name}`, {
    skip,
  }, async () => {
    const examples = noiseExamples(40);
    const engine = create(1);
    const hyperparameters: Hyperparameters = {
      ...tutorialHyperparameters,
      ...{ optimizer: 'nesterov', weightDecay: 0.01, labelSmoothing: 0.1 },
    };
    const run = makeRun(
      { network: small, hyperparameters, batchSize: 8, seed: 3, holdout: 0 },
      examples,
      engine,
    );
    const trained = async (folder: string, maxSteps: number, how: Partial<TrainOptions> = {}) => {
      const store = new CheckpointStore(folder, { keep: 5, onWarning: assert.fail });
      const resume = await store.latest();
      const options = { run, store, maxSteps, checkpointSteps: 10, versions: { cifar10: '0' }, ...how };
      let terms: readonly string[] = [];
      for await (const event of trainSteps({ ...options, ...(resume && { resume }) }))
        if (event.kind === 'step') terms = [...event.losses.keys()];
      const found = await store.latest();
      assert.ok(found);
      return { terms, ...found.checkpoint };
    };
    const large = { ...small, imageShape: [9, 224, 224] };
    assert.throws(
      () => makeRun({ network: large, hyperparameters, batchSize: 8, seed: 3, holdout: 0 }, examples, engine),
      /images of \[9, 224, 224\], .* are \[3, 32, 32\]; no augmentation can; use `network: cifar10`.*`network: resnet`/,
    );
    await inTemporaryFolder(async (whole) => {
      const { terms, tensors, metadata } = await trained(whole, 4);
      assert.deepEqual(terms, [
        'head/first/weight_loss',
        'head/second/weight_loss',
        'cross_entropy',
        'total_loss',
      ]);
      assert.deepEqual(metadata.network, { name: 'small', configuration: { width: 6 } });
      const running = tensors.get('center/mean');
      assert.ok(running && float32Data(running).some((value) => value !== 0));
      assert.ok(tensors.has(averageName('stem/weights')) && tensors.has(averageName('center/mean')));
      await inTemporaryFolder(async (parts) => {
        const half = await trained(parts, 2, { readers: 2, summarySteps: 1 });
        assert.deepEqual((await trained(parts, 4)).tensors, tensors);
        // A checkpoint without averages of states resumes, with averages that start with the values of the states.
        const withoutAverages = new Map(half.tensors);
        withoutAverages.delete(averageName('center/mean'));
        await writeCheckpoint(parts, {
          tensors: withoutAverages,
          metadata: { ...half.metadata, globalStep: 4 },
        });
        const resumed = (await trained(parts, 5)).tensors;
        const [before, after, average] = [
          half.tensors.get('center/mean'),
          resumed.get('center/mean'),
          resumed.get(averageName('center/mean')),
        ].map((tensor) => tensor && float32Data(tensor));
        assert.ok(before && after && average);
        const decay = movingAverageDecay(5, hyperparameters.movingAverageDecay);
        average.forEach((value, index) => {
          const [from = 0, to = 0] = [before[index], after[index]];
          assert.ok(Math.abs(value - (decay * from + (1 - decay) * to)) < 1e-6);
        });
        assert.notDeepEqual(average, after);
      });
      const evaluator = await Evaluator.create(engine, small, 8, tutorialImages);
      try {
        assert.equal((await evaluator.score(tensors, 'ema', examples))?.total, 40);
      } finally {
        await evaluator.release();
      }
    });
  });
