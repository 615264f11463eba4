import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialHyperparameters } from './hyperparameters.ts';
import { decaySteps, learningRate, movingAverageDecay } from './schedule.ts';

test('the learning rate falls after 350 epochs, counted in whole steps', () => {
  assert.equal(decaySteps(50_000, 128, tutorialHyperparameters), 136_718);
  assert.equal(decaySteps(50_000, 64, tutorialHyperparameters), 273_437);
  assert.equal(decaySteps(100, 128, { ...tutorialHyperparameters, numEpochsPerDecay: 0.001 }), 1);
});

test('the learning rate is a staircase: 0.1, then a tenth at a time', () => {
  const rateAt = (step: number) => learningRate(step, 136_718, tutorialHyperparameters);
  assert.equal(rateAt(0), 0.1);
  assert.equal(rateAt(136_717), 0.1);
  assert.ok(Math.abs(rateAt(136_718) - 0.01) < 1e-12);
  assert.ok(Math.abs(rateAt(273_435) - 0.01) < 1e-12);
  assert.ok(Math.abs(rateAt(273_436) - 0.001) < 1e-12);
});

test('moving averages follow fast at first: 2/11, and 0.9999 from step 89,990', () => {
  assert.equal(movingAverageDecay(1, tutorialHyperparameters), 2 / 11);
  assert.ok(movingAverageDecay(89_980, tutorialHyperparameters) < 0.9999);
  assert.equal(movingAverageDecay(89_990, tutorialHyperparameters), 0.9999);
  assert.equal(movingAverageDecay(1_000_000, tutorialHyperparameters), 0.9999);
});
