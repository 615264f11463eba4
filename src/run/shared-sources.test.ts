import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeSafetensors } from '../checkpoint/safetensors.ts';
import { FailedElsewhere, RunError } from '../errors.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { jobsOf } from '../testing/jobs.ts';
import { buildTrainingGraph, initialVariables } from '../training/training-graph.ts';
import { readInitialWeights } from './initial-weights.ts';
import { readRecipe } from './recipe-source.ts';
import { sharedInitialWeights, sharedRecipe } from './shared-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-shared-sources-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('all processes get the recipe that the first one reads', async () => {
  const recipe = join(folder, 'recipe.toml');
  writeFileSync(recipe, 'batch_size = 48\nlearning_rate = 0.3\nholdout = 0.1\nfreeze = ["conv1"]\n');
  const expected = await readRecipe(recipe);
  const ofAll = await Promise.all(jobsOf(2).map((job) => sharedRecipe(job, { recipe })));
  assert.deepEqual(ofAll, [expected, expected]);
  assert.deepEqual(await Promise.all(jobsOf(2).map((job) => sharedRecipe(job, {}))), [undefined, undefined]);
  assert.deepEqual(await sharedRecipe(undefined, { recipe }), expected);
});

test('processes with another recipe or other initial weights are refused', async () => {
  for (const [ofSecond, message] of [
    [{ recipe: 'resnet20' }, /differ in `recipe`: "resnet20" in process 1, none in process 0/],
    [{ initFrom: 'runs/a' }, /differ in `initFrom`: "runs\/a" in process 1, none in process 0/],
  ] as const) {
    const requests = jobsOf(2).map((job) => sharedRecipe(job, job.rank === 1 ? ofSecond : {}));
    const outcomes = await Promise.allSettled(requests);
    const [first, second] = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
    assert.ok(first instanceof FailedElsewhere && second instanceof RunError);
    assert.match(second.message, message);
  }
});

test('initial weights are read by the first process only, and the others get the same bits', async () => {
  const definition = { ...tutorialRecipe, network: tutorialNetwork(10), seed: 0 };
  const { network, batchSize, hyperparameters } = definition;
  const training = buildTrainingGraph({ network, batchSize, hyperparameters });
  const path = join(folder, 'weights.safetensors');
  const given = [...initialVariables(training, 7)].filter(([name]) => name.startsWith('conv1/'));
  writeFileSync(path, encodeSafetensors(new Map(given), {}));
  const expected = await readInitialWeights(path, training);
  const [first, second] = await Promise.all(
    jobsOf(2).map((job) =>
      sharedInitialWeights(job, async () => {
        assert.equal(job.rank, 0);
        return readInitialWeights(path, training);
      }),
    ),
  );
  assert.deepEqual(first, expected);
  assert.deepEqual(second, expected);
  assert.ok(expected.loaded.length > 0 && expected.fresh.length > 0);
});
