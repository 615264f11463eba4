import assert from 'node:assert/strict';
import { test } from 'node:test';
import { softmax } from './softmax.ts';

test('probabilities sum to one, even for large logits', () => {
  const [a = 0, b = 0] = softmax([1000, 1000 + Math.log(3)]);
  assert.ok(Math.abs(a - 0.25) < 1e-12 && Math.abs(b - 0.75) < 1e-12, `${a}, ${b}`);
});
