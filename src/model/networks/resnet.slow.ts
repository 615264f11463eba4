/** Compares ResNet-20 with PyTorch: in batches of 128, and on devices other than the CPU, which a software driver may emulate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceVariants, engines } from '../../testing/engines.ts';
import { loadResnetFixture } from '../../testing/fixtures.ts';
import { assertResnetSteps } from '../../testing/resnet-steps.ts';

const fixture = loadResnetFixture();

for (const { name, skip, create } of engines)
  for (const run of fixture.runs)
    test(
      `20 steps of ResNet-20 on ${name}, batch ${run.batch}, agree with PyTorch in float64`,
      { skip },
      async () => assertResnetSteps(create(2), fixture, run),
    );

const [small] = fixture.runs;
for (const { title, missing, create } of deviceVariants.filter(({ precision }) => precision === 'float32'))
  test(`20 steps of ResNet-20 on ${title} agree with PyTorch in float64`, { skip: missing }, async () => {
    assert.ok(small);
    await assertResnetSteps(create(1), fixture, small);
  });
