import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseExamples } from '../testing/examples.ts';
import { makeImages } from './augmentations.ts';
import { BatchMaker } from './batch.ts';
import { ExampleOrder } from './order.ts';
import { shrunkTraining } from './shrink.ts';

/** Shrinks an image [1, 4, 4] of given values. */
function shrunk(values: readonly number[], height: number, width: number): readonly number[] {
  const training = shrunkTraining({ shape: [1, 4, 4], training: (image) => image.set(values) }, [
    1,
    height,
    width,
  ]);
  const image = new Float32Array(height * width);
  training(image, new Uint8Array(), { seed: 0, epoch: 0, example: 0 });
  return [...image];
}

const ramp = Array.from({ length: 16 }, (_, index) => index);

test('a pixel of a smaller image is the mean of the area that it covers', () => {
  assert.deepEqual(shrunk(ramp, 2, 2), [2.5, 4.5, 10.5, 12.5]);
  assert.deepEqual(shrunk(ramp, 1, 1), [7.5]);
  assert.deepEqual(shrunk(ramp, 4, 4), ramp);
  // A column of 3 covers 4/3 columns: the first 1 and 1/3 of the next, the second 2/3 and 2/3.
  const third = (a: number, b: number, c: number, d: number) => [
    (3 * a + b) / 4,
    (2 * b + 2 * c) / 4,
    (c + 3 * d) / 4,
  ];
  const rows = [0, 4, 8, 12].map((first) => third(first, first + 1, first + 2, first + 3));
  const columns = [0, 1, 2].map((x) => {
    const [a = [], b = [], c = [], d = []] = rows;
    return third(a[x] ?? 0, b[x] ?? 0, c[x] ?? 0, d[x] ?? 0);
  });
  const expected = [0, 1, 2].flatMap((y) => columns.map((column) => column[y] ?? 0));
  for (const [index, value] of shrunk(ramp, 3, 3).entries())
    assert.ok(Math.abs(value - (expected[index] ?? 0)) < 1e-6, `${index}: ${value}`);
});

test('the first steps have smaller images of the same pictures, and all others are unchanged', () => {
  const examples = noiseExamples(20);
  const images = () =>
    makeImages({ augmentation: 'alternating_flip', normalization: 'dataset' }, [3, 32, 32], examples.dataset);
  const order = new ExampleOrder(7, examples.count);
  const plain = new BatchMaker(examples, images());
  const sized = new BatchMaker(examples, images(), { imageShape: [3, 24, 24], steps: 2 });
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  let buffers = sized.buffers(4);
  for (const step of [0, 1, 2, 3]) {
    const whole = plain.training(order, step, plain.buffers(4));
    const batch = sized.training(order, step, sized.buffersFor(step, 4, buffers));
    buffers = batch;
    assert.deepEqual([batch.examples, batch.labels], [whole.examples, whole.labels]);
    assert.equal(batch.images.length, 4 * 3 * (step < 2 ? 24 ** 2 : 32 ** 2));
    if (step >= 2) assert.deepEqual(batch.images, whole.images);
    assert.ok(Math.abs(mean(batch.images) - mean(whole.images)) < 1e-5, 'the mean of all pixels stays');
  }
  assert.equal(sized.buffersFor(4, 4, buffers), buffers, 'buffers of the right size are reused');
});
