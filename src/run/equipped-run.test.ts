import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { buildTrainingGraph } from '../training/training-graph.ts';
import { engineOfRun } from './equipped-run.ts';

test('a precision is tried before the data is read, also for a network that whitens training images', async () => {
  const definition = {
    ...{ network: makeNetwork('airbench', 10, { width: 0.25 }), batchSize: 2, seed: 0, holdout: 0 },
    ...{ hyperparameters: tutorialHyperparameters, length: { maxSteps: 1 } },
  };
  const wanted = { engine: 'onnx', precision: 'float16', device: 'cpu', towers: 1 } as const;
  const warnings: string[] = [];
  const { engine } = await engineOfRun(
    { definition, engine: wanted },
    undefined,
    buildTrainingGraph(definition),
    { job: undefined, report: (event) => event.kind === 'warning' && warnings.push(event.message) },
  );
  assert.equal(engine.precision, 'float16');
  assert.match(warnings.join('\n'), /^float16 is not fast .* A step of 2 images takes [\d.]+ times as long/);
});
