import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittedTo } from './fitted.ts';
import type { Recipe } from './recipe.ts';
import { fast } from './recipes/fast.ts';
import { recipeFor, recipeNames, recipes } from './recipes.ts';

const usual = { ...fast, batchSize: 512, epochs: 6 };

test('few images are trained in smaller batches and for more epochs, with at least 300 steps', () => {
  const found = [30, 240, 900, 2400, 5000, 24_000, 50_000, 1_000_000].map((images) => {
    const { batchSize, length } = fittedTo(usual, images);
    return [images, 'epochs' in length && length.epochs, batchSize];
  });
  assert.deepEqual(found, [
    [30, 60, 32],
    [240, 60, 32],
    [900, 45, 128],
    [2400, 17, 128],
    [5000, 8, 128],
    [24_000, 6, 256],
    [50_000, 6, 512],
    [1_000_000, 6, 512],
  ]);
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
  assert.deepEqual(rates(fittedTo(usual, 50_000, 128)), [
    ['group*/weights', '0.240000', '0.00000'],
    ['*/beta', bias, decay],
    ['whiten/biases', bias, decay],
    ['softmax_linear/weights', last, decay],
  ]);
  assert.deepEqual(fittedTo(usual, 50_000, 128).batchSize, 128);
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
