import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningMean } from './running-mean.ts';

test('the mean of a few values is their plain mean, and the first value has no extra weight', () => {
  const mean = new RunningMean(0.98);
  assert.ok(Number.isNaN(mean.value));
  mean.add(100);
  assert.ok(Math.abs(mean.value - 100) < 1e-9);
  mean.add(200);
  assert.ok(Math.abs(mean.value - 150) < 1, `${mean.value}`);
  for (let count = 0; count < 8; count++) mean.add(200);
  assert.ok(mean.value > 188, `${mean.value}: without the correction it would still be near 115`);
});
