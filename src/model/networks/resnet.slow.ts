/** Compares ResNet-20 in batches of 128 with PyTorch. */
import { test } from 'node:test';
import { engines } from '../../testing/engines.ts';
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
