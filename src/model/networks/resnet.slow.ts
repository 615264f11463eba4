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

/** The first steps in small batches, because a software driver takes seconds for each. Norms are those after all 20 steps. */
const [small] = fixture.runs;
const first = 8;
for (const { title, missing, create } of deviceVariants.filter(({ precision }) => precision === 'float32'))
  test(`${first} steps of ResNet-20 on ${title} agree with PyTorch in float64`, {
    skip: missing,
  }, async () => {
    assert.ok(small);
    await assertResnetSteps(create(1), fixture, {
      ...small,
      totals: small.totals.slice(0, first),
      norms: {},
    });
  });
