import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExampleReader } from '../data/examples.ts';
import { imageShape, trainingBatch, tutorialMaker } from '../testing/batches.ts';
import { noiseExamples } from '../testing/examples.ts';
import { makeImages, tutorialImages } from './augmentations.ts';
import { type Batch, BatchMaker, newBuffers } from './batch.ts';
import { ExampleOrder, permutation } from './order.ts';

const examples = noiseExamples(10);
const reader = new ExampleReader(examples);
const images = makeImages(tutorialImages, imageShape, examples.dataset);
const croppedValues = 1728;

function imageOf({ images }: Batch, row: number): Float32Array {
  return images.subarray(row * croppedValues, (row + 1) * croppedValues);
}

test('a batch can contain the end of one epoch and the beginning of the next', () => {
  const batch = trainingBatch(examples, 1, 6, 2);
  const run = [0, 1].flatMap((epoch) => [...permutation(2, epoch, 10)]);
  assert.deepEqual([...batch.examples], run.slice(6, 12));
  assert.deepEqual(new ExampleOrder(2, 10).batchAt(1, 6), run.slice(6, 12));
  assert.equal(batch.step, 1);
  assert.equal(batch.count, 6);
  const expected = new Float32Array(croppedValues);
  for (const [row, example] of batch.examples.entries()) {
    const epoch = row < 4 ? 0 : 1;
    images.training(expected, reader.pixelsOf(example), { seed: 2, epoch, example });
    assert.deepEqual(imageOf(batch, row), expected);
    assert.equal(batch.labels[row], reader.labelOf(example));
  }
});

test('a batch can be larger than the data set', () => {
  const batch = trainingBatch(examples, 0, 35);
  const run = [0, 1, 2, 3].flatMap((epoch) => [...permutation(0, epoch, 10)]);
  assert.deepEqual([...batch.examples], run.slice(0, 35));
});

test('a batch depends only on its step and the seed, not on earlier batches', () => {
  const order = new ExampleOrder(0, 10);
  const maker = tutorialMaker(examples);
  const fresh = (step: number, seed = 0) => trainingBatch(examples, step, 4, seed);
  for (const step of [9, 0, 4, 4, 1])
    assert.deepEqual(maker.training(order, step, maker.buffers(4)), fresh(step));
  assert.notDeepEqual(fresh(0, 1).images, fresh(0).images);
});

test('an evaluation has each example exactly once, in file order, and pads its last batch with zeros', () => {
  const maker = tutorialMaker(examples);
  // Old values in the memory must not remain.
  const buffers = newBuffers(4, imageShape);
  buffers.images.fill(5);
  buffers.labels.fill(5);
  buffers.examples.fill(5);
  const expected = new Float32Array(croppedValues);
  const seen: number[] = [];
  for (let step = 0; step < 3; step++) {
    const batch = maker.evaluation(step, buffers);
    for (let row = 0; row < batch.count; row++) {
      const example = batch.examples[row] ?? Number.NaN;
      images.evaluation(expected, reader.pixelsOf(example));
      assert.deepEqual(imageOf(batch, row), expected);
      assert.equal(batch.labels[row], example % 10);
      seen.push(example);
    }
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const last = maker.evaluation(2, buffers);
  assert.equal(last.count, 2);
  assert.deepEqual([...last.labels], [8, 9, 0, 0]);
  assert.deepEqual([...last.examples], [8, 9, 0, 0]);
  assert.ok(last.images.subarray(2 * croppedValues).every((value) => value === 0));
});

test('a batch has the shape of the images that the network takes', () => {
  for (const shape of [
    [3, 32, 32],
    [3, 8, 20],
  ] as const) {
    const recipe = { augmentation: 'pad_crop_flip', normalization: 'dataset' } as const;
    const maker = new BatchMaker(examples, makeImages(recipe, shape, examples.dataset));
    const { images } = maker.training(new ExampleOrder(0, 10), 0, maker.buffers(5));
    assert.equal(images.length, 5 * 3 * shape[1] * shape[2]);
    assert.ok(images.every(Number.isFinite));
  }
});
