import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from 'fast-png';
import { ExampleReader, type Examples } from '../data/examples.ts';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { tutorialImages } from '../input/augmentations.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { drawConfusion } from '../summary/draw-confusion.ts';
import { drawFilters, drawGrid } from '../summary/draw-grid.ts';
import type { Picture } from '../summary/picture.ts';
import type { RecordedValue } from '../summary/recorded-value.ts';
import { evaluationBatch } from '../testing/batches.ts';
import { assertClose } from '../testing/compare.ts';
import { noiseExamples } from '../testing/examples.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { Evaluator, type ScoredBatch } from './evaluate.ts';
import { layerValues, ScoreCollector } from './evaluation-summary.ts';

const examples = noiseExamples(60, 'test');
const { classes } = examples.dataset;
const score = { correct: 1, total: 2, precision: 0.5 };

/** Returns logits of which that of `predicted` is the highest. A larger `confidence` means a more confident prediction. */
function confidentLogits(predicted: number, confidence: number): Float32Array {
  const logits = new Float32Array(classes.length);
  logits[predicted] = confidence;
  return logits;
}

/** Makes a collector that has seen the given examples, each with its predicted class and its confidence. */
function collectorOf(
  seen: readonly (readonly [example: number, predicted: number, confidence: number])[],
  of: Examples = examples,
): ScoreCollector {
  const collector = new ScoreCollector(of);
  for (const [example, predicted, confidence] of seen) {
    const label = new ExampleReader(of).labelOf(example);
    collector.add({
      example,
      label,
      logits: confidentLogits(predicted, confidence),
      correct: predicted === label,
    });
  }
  return collector;
}

const scalarsOf = (values: readonly RecordedValue[]) =>
  new Map(values.flatMap((value) => (value.kind === 'scalar' ? [[value.tag, value.value] as const] : [])));

/** Returns the pixels of an image as they were drawn. */
function pixelsShown(values: readonly RecordedValue[], tag: string): Uint8Array {
  const found = values.find((value) => value.tag === tag);
  assert.ok(found?.kind === 'image', tag);
  const { width, height, data } = decode(found.image.png);
  assert.deepEqual([width, height], [found.image.width, found.image.height]);
  return Uint8Array.from(data);
}

/** Returns the image of an example, computed pixel by pixel: the red, green and blue planes are interleaved. */
function photograph(example: number): Picture {
  const planes = new ExampleReader(examples).pixelsOf(example);
  const data = new Uint8Array(3072);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      for (let channel = 0; channel < 3; channel++) {
        data[(y * 32 + x) * 3 + channel] = planes[channel * 1024 + y * 32 + x] ?? 0;
      }
    }
  }
  return { width: 32, height: 32, channels: 3, data };
}

describe('the summary of a score', () => {
  // The labels repeat: example 3 has class 3, and so has example 13.
  const seen = [
    [0, 0, 5],
    [10, 0, 5],
    [1, 0, 5],
    [11, 1, 5],
    [2, 1, 5],
  ] as const;

  test('contains the precision, and the precision and recall of every class that has any', () => {
    const scalars = scalarsOf(collectorOf(seen).values(score));
    const [first, second, third, fourth] = classes;
    assert.deepEqual(
      [...scalars].sort(([a], [b]) => (a < b ? -1 : 1)),
      (
        [
          ['Precision @ 1', 0.5],
          [`precision/${first}`, 2 / 3],
          [`recall/${first}`, 1],
          [`precision/${second}`, 1 / 2],
          [`recall/${second}`, 1 / 2],
          [`recall/${third}`, 0],
        ] as const
      ).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    assert.equal(scalars.has(`recall/${fourth}`), false, 'no example of the class was scored');
  });

  test('contains the precision with test-time augmentation if there is one', () => {
    const tag = 'Precision @ 1 with test-time augmentation';
    assert.equal(scalarsOf(collectorOf(seen).values(score)).has(tag), false);
    const both = scalarsOf(collectorOf(seen).values({ ...score, ttaCorrect: 2, ttaPrecision: 1 }));
    assert.deepEqual([both.get('Precision @ 1'), both.get(tag)], [0.5, 1]);
  });

  test('contains the confusion matrix', () => {
    const counts = classes.map(() => classes.map(() => 0));
    for (const [example, predicted] of seen) {
      const row = counts[example % 10];
      if (row !== undefined) row[predicted] = (row[predicted] ?? 0) + 1;
    }
    const values = collectorOf(seen).values(score);
    assert.deepEqual(pixelsShown(values, 'confusion_matrix'), drawConfusion(counts).data);
  });
});

describe('the most confident mistakes', () => {
  const tag = 'most_confidently_wrong';

  test('are the wrong predictions in order of confidence, shown as stored in the data set', () => {
    const values = collectorOf([
      [0, 1, 2],
      [1, 1, 9], // right
      [2, 7, 6],
      [3, 8, 4],
      [4, 0, 1],
    ]).values(score);
    const expected = drawGrid([2, 3, 0, 4].map(photograph), { scale: 2, gap: 2 });
    assert.deepEqual(pixelsShown(values, tag), expected.data);
  });

  test('are the 36 most confident of many, whatever their order', () => {
    const order = Array.from({ length: 50 }, (_, index) => (index * 17) % 50);
    const values = collectorOf(
      order.map((example) => [example, (example + 1) % 10, 1 + example / 10]),
    ).values(score);
    const mostConfident = Array.from({ length: 36 }, (_, index) => 49 - index);
    assert.deepEqual(
      pixelsShown(values, tag),
      drawGrid(mostConfident.map(photograph), { scale: 2, gap: 2 }).data,
    );
  });

  test('are shown correctly if only a part of the records is scored', () => {
    const part: Examples = { ...examples, count: 3, recordIndices: Uint32Array.of(40, 50, 30) };
    const collector = new ScoreCollector(part);
    collector.add({ example: 1, label: 0, logits: confidentLogits(4, 3), correct: false });
    const expected = drawGrid([photograph(50)], { scale: 2, gap: 2 });
    assert.deepEqual(pixelsShown(collector.values(score), tag), expected.data);
  });

  test('come last if their logits are not numbers, and there is no image if all predictions are correct', () => {
    const collector = collectorOf([[0, 1, 2]]);
    collector.add({ example: 5, label: 5, logits: new Float32Array(10).fill(Number.NaN), correct: false });
    const expected = drawGrid([0, 5].map(photograph), { scale: 2, gap: 2 });
    assert.deepEqual(pixelsShown(collector.values(score), tag), expected.data);
    const tags = collectorOf([[1, 1, 9]])
      .values(score)
      .map((value) => value.tag);
    assert.ok(!tags.includes(tag) && tags.includes('confusion_matrix'));
  });
});

test('a summary contains the activations of the first batch, its images and the filters of the scored weights', async () => {
  const network = tutorialNetwork(10, { conv1: 4, conv2: 4, local3: 6, local4: 5 });
  const recipe = { network, batchSize: 8, hyperparameters: tutorialHyperparameters };
  const tensors = initialVariables(buildTrainingGraph(recipe), 3);
  const engine = createOnnxEngine(1);
  const evaluator = await Evaluator.create(engine, network, 8, tutorialImages);
  try {
    let values: readonly RecordedValue[] = [];
    const logits: number[] = [];
    await evaluator.score(tensors, 'raw', examples, {
      numExamples: 8,
      onScored: (scored) => logits.push(...scored.logits),
      onFirstBatch: (batch) => {
        values = layerValues(batch);
      },
    });
    const shown = values.find(({ tag }) => tag === 'softmax_linear/softmax_linear/activations');
    assert.ok(shown?.kind === 'tensor' && shown.sparsity?.tag === 'softmax_linear/softmax_linear/sparsity');
    assert.deepEqual(shown.data, Float32Array.from(logits));
    assert.deepEqual(
      values.flatMap((value) => (value.kind === 'tensor' ? [[value.tag, value.data.length]] : [])),
      [
        ['conv1/conv1/activations', 8 * 4 * 24 * 24],
        ['conv2/conv2/activations', 8 * 4 * 12 * 12],
        ['local3/local3/activations', 8 * 6],
        ['local4/local4/activations', 8 * 5],
        ['softmax_linear/softmax_linear/activations', 8 * 10],
      ],
    );
    const { images } = evaluationBatch(examples, 0, 8);
    for (const index of [0, 1, 2]) {
      const picture = values.find(({ tag }) => tag === `images/image/${index}`);
      assert.ok(picture?.kind === 'picture');
      assert.deepEqual(picture.image.data, images.slice(index * 1728, (index + 1) * 1728));
    }
    const filters = drawFilters(tensors.get('conv1/weights') ?? assert.fail());
    assert.deepEqual(pixelsShown(values, 'conv1/weights/filters'), filters.data);
  } finally {
    await evaluator.release();
  }
});

test('the padding of an incomplete batch is not part of the activations', async () => {
  const network = tutorialNetwork(10, { conv1: 4, conv2: 4, local3: 6, local4: 5 });
  const recipe = { network, batchSize: 8, hyperparameters: tutorialHyperparameters };
  const tensors = initialVariables(buildTrainingGraph(recipe), 3);
  const activationsOf = async (batchSize: number) => {
    const evaluator = await Evaluator.create(createOnnxEngine(1), network, batchSize, tutorialImages);
    try {
      let values: readonly RecordedValue[] = [];
      const onFirstBatch = (batch: ScoredBatch) => {
        values = layerValues(batch);
      };
      await evaluator.score(tensors, 'raw', examples, { numExamples: 3, onFirstBatch });
      return values.flatMap((value) => (value.kind === 'tensor' ? [value.data] : []));
    } finally {
      await evaluator.release();
    }
  };
  const [full, padded] = [await activationsOf(3), await activationsOf(8)];
  assert.equal(full.length, 5);
  assert.equal(padded[0]?.length, 3 * 4 * 24 * 24);
  for (const [layer, data] of full.entries()) {
    const shape = [data.length];
    assertClose({ shape, data: padded[layer] ?? [] }, { shape, data }, 1e-5, `layer ${layer}`);
  }
});
