import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { drawGeneratedSet } from './page-examples.ts';
import { pageLearningRate, pageRecipe } from './page-recipe.ts';
import { PageTraining } from './page-training.ts';

test('a batch of a page is not larger than its pictures', () => {
  assert.equal(pageRecipe(9600).batchSize, 64);
  assert.equal(pageRecipe(5).batchSize, 5);
  assert.equal(pageRecipe(9600).hyperparameters?.learningRate, pageLearningRate);
});

test('the recipe of a page learns a quarter of the drawings within 30 steps', async () => {
  const drawn = await drawGeneratedSet();
  const examples = { ...drawn, heldOut: { ...drawn.heldOut, count: 300 } };
  const device = { kind: 'cpu', threads: 1, library: 'onnxruntime-node' } as const;
  const training = await PageTraining.create(ort, device, examples, pageRecipe(examples.training.count));
  for (let step = 0; step < 30; step++)
    assert.equal((await training.trainStep()).learningRate, pageLearningRate, 'the rate is constant');
  const { precision } = await training.evaluate();
  await training.release();
  assert.ok(precision > 0.25, `${precision}`);
});
