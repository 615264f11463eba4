import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsIn } from '../training/epochs.ts';
import { fittedTo } from './fitted.ts';
import type { Recipe } from './recipe.ts';
import { fast } from './recipes/fast.ts';
import { recipeFor, recipeNames, recipes } from './recipes.ts';

const usual = { ...fast, batchSize: 512, epochs: 6 };

/** The epochs, the batch size and the steps of a recipe for a number of images. */
function sizesOf(images: number, { batchSize, length }: Recipe) {
  const epochs = 'epochs' in length ? length.epochs : Number.NaN;
  return [images, epochs, batchSize, stepsIn(epochs, images, batchSize)];
}

test('few images are trained in smaller batches and for more epochs, with 300 steps unless batches would be too small', () => {
  const sizes = [30, 159, 160, 240, 900, 2400, 5000, 24_000, 50_000, 1_000_000];
  assert.deepEqual(
    sizes.map((images) => sizesOf(images, fittedTo(usual, images))),
    [
      [30, 60, 32, 57],
      [159, 60, 32, 299],
      [160, 60, 32, 300],
      [240, 60, 32, 450],
      [900, 45, 128, 317],
      [2400, 17, 128, 319],
      [5000, 8, 128, 313],
      [24_000, 6, 256, 563],
      [50_000, 6, 512, 586],
      [1_000_000, 6, 512, 11_719],
    ],
  );
});

test('batches and biases fit the number of epochs that is asked for', () => {
  for (const [images, epochs, batchSize] of [
    [900, 10, 32],
    [900, 90, 256],
    [900, 0.5, 32],
    [50_000, 1, 128],
    [50_000, 6, 512],
  ] as const) {
    const found = fittedTo(usual, images, { epochs });
    assert.equal(found.batchSize, batchSize, `${epochs} epochs of ${images} images`);
    assert.deepEqual(found.length, { epochs });
    assert.equal(found.groups.find(({ match }) => match === 'whiten/biases')?.epochs, (3 * epochs) / 8);
    assert.equal(fittedTo(usual, images, { epochs, batchSize: 64 }).batchSize, 64);
  }
});

test('the learning rates follow the batch size, except that of the filters', () => {
  const rates = ({ groups, hyperparameters: { learningRate, weightDecay } }: Recipe) =>
    groups.map((group) => [
      group.match,
      (group.learningRate * learningRate).toPrecision(6),
      // The share of the weights that a step at the initial rate subtracts.
      (group.learningRate * learningRate * group.weightDecay * weightDecay).toPrecision(6),
    ]);
  // airbench94_muon.py: rates and decay for the mean over a batch of 128 images
  const [bias, last, decay] = [0.053 * 128, 0.67 * 128 * (9 / 256) ** 2, 2e-6 * 128].map((value) =>
    value.toPrecision(6),
  );
  assert.deepEqual(rates(fittedTo(usual, 50_000, { batchSize: 128 })), [
    ['group*/weights', '0.240000', '0.00000'],
    ['*/beta', bias, decay],
    ['whiten/biases', bias, decay],
    ['softmax_linear/weights', last, decay],
  ]);
  assert.deepEqual(fittedTo(usual, 50_000, { batchSize: 128 }).batchSize, 128);
});

test('the learning rates of `airbench-muon` follow the batch size too, and its length stays the same', () => {
  const [usualRates, found] = [undefined, 512].map((batchSize) =>
    recipeFor('airbench-muon', 50_000, { batchSize, epochs: 2 }),
  );
  assert.deepEqual(usualRates, recipes['airbench-muon']);
  const { batchSize, length, groups, hyperparameters } = fittedTo(usual, 50_000, {
    batchSize: 512,
    epochs: 8,
  });
  const sizes = [found?.batchSize, found?.length, found?.groups, found?.hyperparameters];
  assert.deepEqual(sizes, [batchSize, length, groups, hyperparameters]);
});

test('the biases of the whitening layer are trained for the same share of the run', () => {
  const epochs = (images: number) =>
    fittedTo(usual, images).groups.find(({ match }) => match === 'whiten/biases')?.epochs;
  assert.deepEqual([epochs(50_000), epochs(240)], [(3 * 6) / 8, (3 * 60) / 8]);
});

test('only `fast` and `best` depend on the number of images, and have the usual one by name', () => {
  const dependent = recipeNames.filter((name) => recipeFor(name, 300).batchSize !== recipes[name].batchSize);
  assert.deepEqual(dependent, ['fast', 'best']);
  for (const name of recipeNames) assert.deepEqual(recipeFor(name, 50_000), recipes[name]);
});
