import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Examples } from '../data/examples.ts';
import { chooseEngine } from '../engine/engines.ts';
import { FailedElsewhere, RunError } from '../errors.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { noiseExamples } from '../testing/examples.ts';
import { jobsOf } from '../testing/jobs.ts';
import type { RunDefinition } from '../training/run-definition.ts';
import { factsOfDefinition, requireAlike } from './alike.ts';
import { equippedRun } from './equipped-run.ts';

const definition: RunDefinition = {
  ...{ network: tutorialNetwork(10), hyperparameters: tutorialHyperparameters, batchSize: 128, seed: 0 },
  ...{ holdout: 0, length: { maxSteps: 10 } },
};

/** Returns the errors of three processes, of which the last has another run. */
async function errorsOf(other: Partial<RunDefinition>, evalEvery?: number): Promise<readonly unknown[]> {
  const calls = jobsOf(3).map((job) => {
    const isLast = job.rank === 2;
    const own = isLast ? { ...definition, ...other } : definition;
    return requireAlike(job, () => factsOfDefinition(own, isLast ? evalEvery : undefined));
  });
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
}

test('processes with the same run pass, and a single process has nothing to compare', async () => {
  assert.deepEqual(await errorsOf({}), [undefined, undefined, undefined]);
  await requireAlike(undefined, () => assert.fail('nothing to compare'));
});

test('a process with another run is refused in all processes, with the value that differs', async () => {
  const { hyperparameters } = definition;
  for (const [other, message] of [
    [
      { seed: 1 },
      /differ in `seed`: 1 in process 2, 0 in process 0; start all of them with the same command/,
    ],
    [{ batchSize: 64 }, /differ in `batchSize`: 64 in process 2, 128 in process 0/],
    [{ holdout: 0.1 }, /differ in `holdout`: 0.1 in process 2/],
    [{ hyperparameters: { ...hyperparameters, learningRate: 0.2 } }, /differ in `learningRate`: 0.2 in/],
    [{ network: makeNetwork('cifar10', 10, { conv1: 8 }) }, /differ in `network`: .*"conv1":8/],
    [{ length: { maxSteps: 11 } }, /differ in the length of the run: {"maxSteps":11} in process 2/],
    [{ freeze: ['conv1'] }, /differ in `freeze`: \["conv1"\] in process 2, none in process 0/],
  ] as const) {
    const [first, second, last] = await errorsOf(other);
    assert.ok(first instanceof FailedElsewhere && second instanceof FailedElsewhere);
    assert.ok(last instanceof RunError && !(last instanceof FailedElsewhere));
    assert.match(last.message, message);
  }
  const [, , last] = await errorsOf({}, 100);
  assert.ok(last instanceof RunError);
  assert.match(last.message, /differ in `evalEvery`: 100 in process 2, none in process 0/);
});

test('processes with other validation images are refused', async () => {
  const run = {
    definition: { ...definition, length: { maxSteps: 10 } },
    engine: { engine: 'onnx' },
  } as const;
  const chosen = chooseEngine({ engine: 'onnx', precision: 'float32' });
  const examples = noiseExamples(10);
  const messageWith = async (validations: readonly (Examples | undefined)[]) => {
    const outcomes = await Promise.allSettled(
      jobsOf(2).map((job, rank) =>
        equippedRun(run, chosen, undefined, async () => ({ examples, validation: validations[rank] }), job),
      ),
    );
    const [first, second] = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
    assert.ok(first instanceof FailedElsewhere && second instanceof RunError, String(first));
    return second.message;
  };
  const validation = noiseExamples(6, 'train');
  const { records } = noiseExamples(7);
  const others = { ...validation, records: records.subarray(records.length / 7) };
  assert.match(
    await messageWith([validation, noiseExamples(7)]),
    /differ in the number of validation images: 7 in process 1, 6 in process 0/,
  );
  assert.match(
    await messageWith([validation, undefined]),
    /differ in the number of validation images: none in process 1/,
  );
  assert.match(
    await messageWith([validation, others]),
    /differ in the checksum of the validation images: "[0-9a-f]{64}" in process 1/,
  );
});
