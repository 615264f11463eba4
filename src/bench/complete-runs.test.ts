import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { CheckpointStore } from '../checkpoint/store.ts';
import { meanDeviation } from '../run/mean-deviation.ts';
import { train } from '../run/train.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { copySynthetic, fewUnits } from '../testing/synthetic.ts';
import { type CompleteRunsRequest, measureCompleteRuns } from './complete-runs.ts';
import type { Measurement } from './measurement.ts';

const request = (dataDir: string, more: Partial<CompleteRunsRequest> = {}): CompleteRunsRequest => ({
  ...{ dataDir, dataset: 'synthetic', network: fewUnits, batchSize: 8, maxSteps: 3, runs: 2 },
  ...{ engine: 'onnx', towers: 1, hyperparameters: { learningRate: 0.01 } },
  ...more,
});

async function measured(
  asked: CompleteRunsRequest,
  onEach: (measurement: Measurement) => void = () => undefined,
  signal?: AbortSignal,
): Promise<readonly Measurement[]> {
  const all: Measurement[] = [];
  for await (const measurement of measureCompleteRuns(asked, { ...(signal && { signal }) })) {
    all.push(measurement);
    onEach(measurement);
  }
  return all;
}
function ofKind<K extends Measurement['kind']>(all: readonly Measurement[], kind: K) {
  return all.filter((one): one is Extract<Measurement, { readonly kind: K }> => one.kind === kind);
}

test('the deviation is that of a sample, and one value has none', () => {
  assert.deepEqual(meanDeviation([1, 2, 6]), { mean: 3, deviation: Math.sqrt(7) });
  assert.deepEqual(meanDeviation([0.5]), { mean: 0.5, deviation: null });
});

describe('complete runs', () => {
  const { TMPDIR } = process.env;
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });

  test('have the seeds 0, 1 …, are those of train, and are scored on all test images', () =>
    inTemporaryFolder(async (folder) => {
      const dataDir = join(folder, 'data');
      await copySynthetic(dataDir);
      const trainDir = join(folder, 'runs');
      const all = await measured(request(dataDir, { trainDir }));
      const runs = ofKind(all, 'benchCompleteRun');
      assert.deepEqual(
        runs.map(({ seed, steps, total, recipe }) => ({ seed, steps, total, recipe })),
        [0, 1].map((seed) => ({ seed, steps: 3, total: 2000, recipe: 'tutorial' })),
      );
      for (const { precision, correct, seconds, imagesPerSecond } of runs) {
        assert.equal(precision, correct / 2000);
        assert.ok(seconds > 0 && Math.abs(imagesPerSecond * seconds - 24) < 1e-9);
      }
      const {
        runs: count,
        requested,
        ...means
      } = ofKind(all, 'benchRuns')[0] ?? assert.fail('no statistics');
      assert.deepEqual([count, requested], [2, 2]);
      assert.deepEqual(means.precision, meanDeviation(runs.map(({ precision }) => precision)));
      assert.deepEqual(means.seconds, meanDeviation(runs.map(({ seconds }) => seconds)));
      const progress = ofKind(all, 'runProgress').map(({ seed, step, steps }) => [seed, step, steps]);
      assert.deepEqual(
        progress,
        [0, 1].flatMap((seed) => [1, 2, 3].map((step) => [seed, step, 3])),
      );
      assert.equal(ofKind(all, 'benchMachine').length, 1);

      const { runs: _, ...same } = request(dataDir);
      const again = await train({ ...same, seed: 1, trainDir: join(folder, 'again'), summarySteps: 0 });
      const tensors = async (dir: string) =>
        (await new CheckpointStore(dir, { keep: 0, onWarning: assert.fail, isLocked: true }).latest())
          ?.checkpoint.tensors;
      assert.equal(again.globalStep, 3);
      assert.deepEqual(await tensors(join(trainDir, 'seed=1')), await tensors(join(folder, 'again')));

      await assert.rejects(measured(request(dataDir, { trainDir, runs: 3 })), {
        name: 'RunError',
        message: `${join(trainDir, 'seed=0')} already contains a run. Use another \`trainDir\`, or move it away.`,
      });
      assert.ok(!existsSync(join(trainDir, 'seed=2')));
    }));

  test('leave nothing behind; a run that diverges is reported, and after a stop the finished ones count', () =>
    inTemporaryFolder(async (folder) => {
      await copySynthetic(folder);
      const temporary = join(folder, 'tmp');
      mkdirSync(temporary);
      process.env['TMPDIR'] = temporary;
      const diverging = request(folder, { hyperparameters: { learningRate: 1e30 }, maxSteps: 9 });
      const failed = await measured(diverging);
      assert.deepEqual(
        ofKind(failed, 'failedRun').map(({ seed }) => seed),
        [0, 1],
      );
      assert.match(ofKind(failed, 'failedRun')[0]?.why ?? '', /^the run diverged at step \d; keep the runs/);
      assert.deepEqual(ofKind(failed, 'benchRuns'), []);

      const stop = new AbortController();
      const isSecond = (one: Measurement) => one.kind === 'runProgress' && one.seed === 1;
      const stopped = await measured(
        request(folder, { runs: 3, maxSteps: 2 }),
        (one) => isSecond(one) && stop.abort(),
        stop.signal,
      );
      assert.deepEqual(
        ofKind(stopped, 'benchCompleteRun').map(({ seed }) => seed),
        [0],
      );
      const { runs, requested, precision } = ofKind(stopped, 'benchRuns')[0] ?? assert.fail('no statistics');
      assert.deepEqual([runs, requested, precision.deviation], [1, 3, null]);
      assert.deepEqual(readdirSync(temporary), []);
    }));
});
