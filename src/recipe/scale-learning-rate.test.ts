import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningRate } from '../optimizer/schedule.ts';
import { tutorialHyperparameters } from './hyperparameters.ts';
import { resnet20Recipe } from './recipes/resnet20.ts';
import { scaledLinearly, scaledRate } from './scale-learning-rate.ts';

/** The learning rates and the warm-up of ResNet-20 for another batch size, with 50,000 images. */
function ratesOf(batchSize: number, changed: Partial<typeof tutorialHyperparameters> = {}) {
  const hyperparameters = { ...resnet20Recipe.hyperparameters, endLearningRate: 0.001, ...changed };
  const scaled = scaledLinearly({ batchSize, hyperparameters }, 128, 50_000);
  const { learningRate, endLearningRate, warmupSteps, ...others } = scaled;
  const { learningRate: _, endLearningRate: __, warmupSteps: ___, ...before } = hyperparameters;
  assert.deepEqual(others, before, 'nothing else is scaled');
  return [learningRate, endLearningRate, warmupSteps];
}

test('the learning rates are scaled with the batch, and reach the higher rate after at least 5 epochs', () => {
  assert.deepEqual(ratesOf(256), [0.2, 0.002, 977]);
  assert.deepEqual(ratesOf(384), [0.3, 0.003, 652]);
  assert.deepEqual(ratesOf(8192), [6.4, 0.064, 31]);
  assert.deepEqual(ratesOf(256, { warmupSteps: 3907 }), [0.2, 0.002, 1954], '10 epochs stay 10 epochs');
});

test('a lower rate needs no warm-up, but that of the recipe keeps its number of epochs', () => {
  assert.deepEqual(ratesOf(64), [0.05, 0.0005, 800]);
  assert.deepEqual(ratesOf(64, { warmupSteps: 0 }), [0.05, 0.0005, 0]);
  assert.deepEqual(ratesOf(128), [0.1, 0.001, 400]);
});

test('after the warm-up, the rate at an image is k times that of the recipe', () => {
  const plain = { ...tutorialHyperparameters, learningRateDecayFactor: 0.5 };
  const scaled = scaledLinearly({ batchSize: 512, hyperparameters: plain }, 128, 50_000);
  for (const epoch of [6, 30, 90])
    assert.equal(
      learningRate('staircase', (epoch * 50_000) / 512, (20 * 50_000) / 512, scaled),
      4 * learningRate('staircase', (epoch * 50_000) / 128, (20 * 50_000) / 128, plain),
    );
});

test('a scaled rate has no digits of rounding', () => {
  assert.deepEqual(
    [scaledRate(0.1, 128, 384), scaledRate(0.1, 100, 30), scaledRate(0, 1, 2)],
    [0.3, 0.03, 0],
  );
});
