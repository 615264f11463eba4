import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changed } from '../recipe/recipe.ts';
import { airbenchRecipe } from '../recipe/recipes/airbench.ts';
import { engines } from '../testing/engines.ts';
import { noiseExamples } from '../testing/examples.ts';
import { profileStep, startTraining } from './step.ts';
import { subjectOf } from './subject.ts';

for (const { name, skip, create } of engines)
  describe(`a recipe whose first steps have smaller images, on ${name}`, { skip }, () => {
    const early = { earlySize: 24, earlyShare: 1, decaySteps: 8 };
    const subject = subjectOf(changed(airbenchRecipe, { width: 0.01, hyperparameters: early }));

    test('is measured with images of the usual size', async () => {
      const engine = create(1);
      const training = await startTraining({ engine, towers: 1 }, noiseExamples(20), subject, 10);
      try {
        for (let step = 0; step < 2; step++) await training.step();
      } finally {
        await training.release();
      }
    });

    test('is profiled with images of the usual size', async () => {
      assert.ok((await profileStep(create(1), subject, 10, 1)).length > 0);
    });
  });
