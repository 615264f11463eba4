import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UsageError } from '../errors.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { findLearningRate, type LearningRateEvent } from './learning-rate-search.ts';
import type { TrainingRequest } from './training-request.ts';

describe('the search for a learning rate', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-rate-'));
  before(() => copySynthetic(join(folder, 'data')));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const request = (more: Partial<TrainingRequest> = {}): TrainingRequest => ({
    ...{ trainDir: join(folder, 'run'), dataDir: join(folder, 'data'), dataset: 'synthetic', engine: 'onnx' },
    ...{ batchSize: 4, hyperparameters: { optimizer: 'adam', schedule: 'cosine', warmupSteps: 50 } },
    ...more,
  });
  const eventsOf = async (more: Partial<TrainingRequest>, stopAfter = Number.POSITIVE_INFINITY) => {
    const events: LearningRateEvent[] = [];
    const stop = new AbortController();
    for await (const event of findLearningRate(request(more), { signal: stop.signal })) {
      events.push(event);
      if (event.kind === 'point' && event.point.step === stopAfter) stop.abort();
    }
    const end = events.at(-1);
    assert.ok(end?.kind === 'end');
    return end;
  };

  test('tries growing rates, whatever the schedule is, proposes one of them, and leaves no files behind', async () => {
    const end = await eventsOf({});
    const rates = end.points.map(({ learningRate }) => learningRate);
    assert.equal(rates[0], 1e-7);
    assert.ok(
      rates.length > 60 && rates.every((rate, index) => index === 0 || rate > (rates[index - 1] ?? 0)),
    );
    // The usual rate of Adam for this network, with a generous margin.
    assert.ok((end.learningRate ?? 0) >= 3e-4 && (end.learningRate ?? 1) <= 3e-2, String(end.learningRate));
    assert.equal(existsSync(join(folder, 'run')), false);
    assert.deepEqual(readdirSync(folder), ['data']);
  });

  test('stops after the current step, without a proposal', async () => {
    const end = await eventsOf({}, 3);
    assert.equal(end.stopped, true);
    assert.equal(end.learningRate, undefined);
    assert.equal(end.points.length, 4);
  });

  const early = { earlySize: 24, decaySteps: 100 };

  test('takes steps with images of the usual size, also if the first steps of the run have smaller ones', async () => {
    const recipe = { recipe: 'airbench', width: 0.01, hyperparameters: early };
    const end = await eventsOf({ recipe, hyperparameters: {} }, 1);
    assert.equal(end.points.length, 2);
  });

  test('refuses a network that does not take the smaller images of the first steps, as a run does', async () => {
    await assert.rejects(eventsOf({ hyperparameters: { ...early, earlySize: 20 } }), {
      name: 'UsageError',
      message:
        /^`earlySize: 20`: the network cifar10 has local3\/weights of another shape for such images; use/,
    });
  });

  for (const more of [{ hyperparameters: { learningRate: 0.1 } }, { restart: true }, { batchSize: 0 }])
    test(`refuses ${Object.keys(more)[0]}: ${JSON.stringify(Object.values(more)[0])}`, async () => {
      await assert.rejects(eventsOf(more), UsageError);
    });
});
