/** Tests that checkpoints written by version 0.1.0 can be loaded, resumed and evaluated. */

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CheckpointStore } from '../checkpoint/store.ts';
import { loadExamples } from '../data/files.ts';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { evaluateCheckpoint } from '../evaluation/evaluate.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { datasetOf, networkOf } from './stored-run.ts';
import { trainSteps } from './train.ts';
import { makeRun } from './training-run.ts';

const folder = fileURLToPath(new URL('../../test/fixtures/checkpoints-0.1.0/', import.meta.url));
const cases = [
  {
    file: 'onnx-float32.safetensors',
    changes: {},
    losses: [2.300234794616699, 2.3067455291748047, 2.310866117477417],
    tolerance: 1e-4,
  },
  {
    // It is resumed in float32, so its bfloat16 losses agree only in two digits.
    file: 'onednn-bfloat16-clipped.safetensors',
    changes: { learningRate: 0.05, clipNorm: 5 },
    losses: [2.2941184043884277, 2.3105499744415283, 2.305375576019287],
    tolerance: 1e-2,
  },
] as const;

describe('a checkpoint of version 0.1.0', () => {
  for (const { file, changes, losses, tolerance } of cases) {
    test(`loads, resumes and is evaluated: ${file}`, () =>
      inTemporaryFolder(async (dir) => {
        copyFileSync(join(folder, file), join(dir, 'model.ckpt-3.safetensors'));
        const store = new CheckpointStore(dir, { keep: 0, onWarning: assert.fail });
        const resume = await store.latest();
        assert.ok(resume);
        const { metadata } = resume.checkpoint;
        assert.deepEqual(metadata.hyperparameters, { ...tutorialHyperparameters, ...changes });
        assert.deepEqual(metadata.groups, []);

        await copySynthetic(dir);
        const dataset = datasetOf(metadata);
        const engine = createOnnxEngine(1);
        const { hyperparameters, batchSize, seed, holdout } = metadata;
        const recipe = { network: networkOf(metadata), hyperparameters, batchSize, seed, holdout };
        const run = makeRun(recipe, await loadExamples(dir, dataset, 'train'), engine);
        const found: number[] = [];
        for await (const event of trainSteps({
          ...{ run, store, resume, maxSteps: 6, checkpointSteps: 3, versions: { cifar10: '0' } },
        }))
          if (event.kind === 'step') found.push(event.totalLoss);
        assert.equal(found.length, losses.length);
        found.forEach((loss, index) => {
          const before = losses[index] ?? Number.NaN;
          assert.ok(
            Math.abs(loss - before) <= tolerance * before,
            `step ${3 + index}: ${loss}, 0.1.0 had ${before}`,
          );
        });

        const examples = await loadExamples(dir, dataset, 'test');
        for (const weights of ['ema', 'raw'] as const) {
          const { checkpoint } = resume;
          const score = await evaluateCheckpoint({
            engine,
            checkpoint,
            examples,
            weights,
            batchSize: 100,
            numExamples: 100,
          });
          assert.equal(score.total, 100);
        }
      }));
  }
});
