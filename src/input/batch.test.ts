import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelOf, pixelsOf } from '../data/record.ts';
import { noiseExamples } from '../testing/examples.ts';
import { type Batch, distortedBatch, evaluationBatch, newBuffers } from './batch.ts';
import { centre, croppedValues, distort, drawDistortion } from './distort.ts';
import { ExampleOrder, permutation } from './order.ts';

const examples = noiseExamples(10);

function imageOf({ images }: Batch, row: number): Float32Array {
  return images.subarray(row * croppedValues, (row + 1) * croppedValues);
}

test('a batch that straddles two epochs ends the one and begins the other', () => {
  const batch = distortedBatch(examples, new ExampleOrder(2, 10), 1, newBuffers(6));
  const run = [0, 1].flatMap((epoch) => [...permutation(2, epoch, 10)]);
  assert.deepEqual([...batch.examples], run.slice(6, 12));
  assert.equal(batch.step, 1);
  assert.equal(batch.count, 6);
  const expected = new Float32Array(croppedValues);
  for (const [row, example] of batch.examples.entries()) {
    const epoch = row < 4 ? 0 : 1;
    distort(expected, pixelsOf(examples.records, example), drawDistortion(2, epoch, example));
    assert.deepEqual(imageOf(batch, row), expected);
    assert.equal(batch.labels[row], labelOf(examples.records, example));
  }
});

test('a batch may be larger than the data set', () => {
  const batch = distortedBatch(examples, new ExampleOrder(0, 10), 0, newBuffers(35));
  const run = [0, 1, 2, 3].flatMap((epoch) => [...permutation(0, epoch, 10)]);
  assert.deepEqual([...batch.examples], run.slice(0, 35));
});

test('a batch depends on its step and the seed only, not on batches before', () => {
  const order = new ExampleOrder(0, 10);
  const fresh = (step: number, seed = 0) =>
    distortedBatch(examples, new ExampleOrder(seed, 10), step, newBuffers(4));
  for (const step of [9, 0, 4, 4, 1])
    assert.deepEqual(distortedBatch(examples, order, step, newBuffers(4)), fresh(step));
  assert.notDeepEqual(fresh(0, 1).images, fresh(0).images);
});

test('an evaluation has each example exactly once, in file order, and pads its last batch with zeros', () => {
  // Old values in the memory must not show through.
  const buffers = newBuffers(4);
  buffers.images.fill(5);
  buffers.labels.fill(5);
  buffers.examples.fill(5);
  const expected = new Float32Array(croppedValues);
  const seen: number[] = [];
  for (let step = 0; step < 3; step++) {
    const batch = evaluationBatch(examples, step, buffers);
    for (let row = 0; row < batch.count; row++) {
      const example = batch.examples[row] ?? Number.NaN;
      centre(expected, pixelsOf(examples.records, example));
      assert.deepEqual(imageOf(batch, row), expected);
      assert.equal(batch.labels[row], example % 10);
      seen.push(example);
    }
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const last = evaluationBatch(examples, 2, buffers);
  assert.equal(last.count, 2);
  assert.deepEqual([...last.labels], [8, 9, 0, 0]);
  assert.deepEqual([...last.examples], [8, 9, 0, 0]);
  assert.ok(last.images.subarray(2 * croppedValues).every((value) => value === 0));
});
