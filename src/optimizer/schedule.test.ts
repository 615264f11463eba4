import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { airbenchRecipe } from '../recipe/recipes/airbench.ts';
import { epochsInSteps } from '../training/training-graph.ts';
import { movingAverageDecay } from './moving-average.ts';
import { learningRate, rises, type ScheduleName, scheduleNames } from './schedule.ts';

test('the first decay is after 350 epochs, rounded down to whole steps', () => {
  assert.equal(epochsInSteps(350, 50_000, 128), 136_718);
  assert.equal(epochsInSteps(350, 50_000, 64), 273_437);
  assert.equal(epochsInSteps(0.001, 100, 128), 1);
});

test('the schedule of the tutorial is a staircase that starts at 0.1 and divides the rate by 10 at each stair', () => {
  const rateAt = (step: number) => learningRate('staircase', step, 136_718, tutorialHyperparameters);
  assert.equal(rateAt(0), 0.1);
  assert.equal(rateAt(136_717), 0.1);
  assert.ok(Math.abs(rateAt(136_718) - 0.01) < 1e-12);
  assert.ok(Math.abs(rateAt(273_435) - 0.01) < 1e-12);
  assert.ok(Math.abs(rateAt(273_436) - 0.001) < 1e-12);
});

describe('schedules give the expected rates, and stay at the final rate', () => {
  const options = {
    ...tutorialHyperparameters,
    learningRate: 1,
    endLearningRate: 0.2,
    decaySteps: 100,
    decayPower: 2,
  };
  const rates = (name: ScheduleName, steps: readonly number[]) =>
    steps.map((step) => Number(learningRate(name, step, 1, options).toFixed(6)));
  const steps = [0, 25, 50, 100, 1000];

  test('linear', () => assert.deepEqual(rates('linear', steps), [1, 0.8, 0.6, 0.2, 0.2]));
  test('cosine', () => assert.deepEqual(rates('cosine', steps), [1, 0.882843, 0.6, 0.2, 0.2]));
  test('polynomial', () => assert.deepEqual(rates('polynomial', steps), [1, 0.65, 0.4, 0.2, 0.2]));
  test('constant', () => assert.deepEqual(rates('constant', steps), [1, 1, 1, 1, 1]));
});

test('in every schedule the warm-up rises to the full rate in equal steps, and the decay starts after it', () => {
  const options = { ...tutorialHyperparameters, learningRate: 1, warmupSteps: 4, decaySteps: 104 };
  for (const name of scheduleNames.filter((one) => !rises(one))) {
    const rates = [0, 1, 2, 3, 4].map((step) => learningRate(name, step, 1000, options));
    assert.deepEqual(rates, [0.25, 0.5, 0.75, 1, 1], name);
  }
  assert.equal(learningRate('linear', 54, 1000, options), 0.5);
});

test('the triangular schedule has the rates of airbench94, and follows the length of the run', () => {
  const { hyperparameters } = airbenchRecipe;
  const rate = (step: number, decaySteps: number) =>
    learningRate('triangular', step, 1, { ...hyperparameters, decaySteps });
  // `get_lr` of legacy/airbench94.py, times 1.5.
  for (const steps of [476, 100, 7, 1]) {
    const rise = Math.trunc(steps * 0.23);
    for (let step = 0; step < steps; step++) {
      const fraction = step < rise ? step / rise : (step - rise) / (steps - rise);
      const factor = step < rise ? 0.2 * (1 - fraction) + fraction : 1 - fraction + 0.07 * fraction;
      assert.ok(Math.abs(rate(step, steps) - 1.5 * factor) < 1e-12, `step ${step} of ${steps}`);
    }
    assert.ok(Math.abs(rate(steps, steps) - 0.105) < 1e-12);
    assert.ok(Math.abs(rate(steps + 50, steps) - 0.105) < 1e-12);
  }
});

test('the decay of moving averages is 2/11 at the first update and rises to 0.9999 at update 89,990', () => {
  assert.equal(movingAverageDecay(1, 0.9999), 2 / 11);
  assert.ok(movingAverageDecay(89_980, 0.9999) < 0.9999);
  assert.equal(movingAverageDecay(89_990, 0.9999), 0.9999);
  assert.equal(movingAverageDecay(1_000_000, 0.9999), 0.9999);
});
