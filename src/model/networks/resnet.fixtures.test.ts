import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineVariants } from '../../testing/engines.ts';
import { loadResnetFixture } from '../../testing/fixtures.ts';
import { assertResnetSteps } from '../../testing/resnet-steps.ts';

const fixture = loadResnetFixture();
const [small] = fixture.runs;

for (const { title, missing, create } of engineVariants.filter(({ precision }) => precision === 'float32'))
  test(`20 steps of ResNet-20 on ${title} agree with PyTorch in float64`, { skip: missing }, async () => {
    assert.ok(small);
    await assertResnetSteps(create(1), fixture, small);
  });
