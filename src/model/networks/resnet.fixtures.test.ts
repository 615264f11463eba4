import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines } from '../../testing/engines.ts';
import { loadResnetFixture } from '../../testing/fixtures.ts';
import { assertResnetSteps } from '../../testing/resnet-steps.ts';

const fixture = loadResnetFixture();
const [small] = fixture.runs;

for (const { name, skip, create } of engines)
  test(`20 steps of ResNet-20 on ${name} agree with PyTorch in float64`, { skip }, async () => {
    assert.ok(small);
    await assertResnetSteps(create(1), fixture, small);
  });
