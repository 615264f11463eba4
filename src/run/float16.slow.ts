/** Trains in float16 and in float32, with loss scaling, and compares the losses. Takes minutes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { StepReport } from '../training/train-step.ts';
import { runTraining } from './training.ts';
import type { TrainingRequest } from './training-request.ts';

/** The runs to compare: the tutorial's network, and ResNet-20 with its recipe in small batches. */
const runs: Readonly<Record<string, Partial<TrainingRequest> & { readonly maxSteps: number }>> = {
  tutorial: { batchSize: 32, maxSteps: 50 },
  'ResNet-20': { recipe: 'resnet20', batchSize: 32, maxSteps: 20, hyperparameters: { learningRate: 0.02 } },
};

async function train(request: Partial<TrainingRequest>, folder: string): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const dirs = { dataDir: join(folder, 'data'), trainDir: join(folder, `train-${request.precision}`) };
  const events = runTraining({ dataset: 'synthetic', engine: 'onnx', ...dirs, ...request });
  for await (const event of events) if (event.kind === 'step') reports.push(event);
  return reports;
}

describe('training in float16 has the losses of float32 up to 2%', () => {
  for (const [name, request] of Object.entries(runs)) {
    test(name, async (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'cifar10-float16-'));
      try {
        const exact = await train({ ...request, precision: 'float32' }, folder);
        const rounded = await train({ ...request, precision: 'float16' }, folder);
        const distances = exact.map(({ totalLoss }, step) => {
          return Math.abs((rounded[step]?.totalLoss ?? Number.NaN) - totalLoss) / totalLoss;
        });
        context.diagnostic(
          `largest distance ${Math.max(...distances)}, ${rounded.at(-1)?.skippedSteps} steps skipped`,
        );
        assert.equal(distances.length, request.maxSteps);
        for (const [step, distance] of distances.entries())
          assert.ok(distance < 2e-2, `step ${step}: ${distance}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
