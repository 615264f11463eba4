import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseExamples } from '../testing/examples.ts';
import { makeImages } from './augmentations.ts';
import { BatchMaker } from './batch.ts';
import { sampleImages } from './sample-images.ts';

test('a sample of images is spread evenly over the examples, which may be sorted by class', () => {
  const examples = noiseExamples(40);
  const recipe = { augmentation: 'alternating_flip', normalization: 'dataset' } as const;
  const shape = [3, 32, 32];
  const size = 3 * 32 * 32;
  const maker = new BatchMaker(examples, makeImages(recipe, shape, examples.dataset));
  const all = maker.evaluation(0, maker.buffers(40)).images;
  const sample = sampleImages(examples, recipe, shape);
  for (const [count, expected] of [
    [5, [0, 8, 16, 24, 32]],
    [3, [0, 13, 26]],
    [40, Array.from({ length: 40 }, (_, index) => index)],
    [5000, Array.from({ length: 40 }, (_, index) => index)],
  ] as const) {
    const found = sample(count);
    assert.deepEqual(found.shape, [expected.length, ...shape]);
    for (const [row, example] of expected.entries())
      assert.deepEqual(
        found.data.subarray(row * size, (row + 1) * size),
        all.subarray(example * size, (example + 1) * size),
        `image ${row} of ${count}`,
      );
  }
});
