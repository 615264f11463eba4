import assert from 'node:assert/strict';
import { test } from 'node:test';
import { softmax } from '../tensor/softmax.ts';
import { logitOf } from './prediction.ts';

test('logits of probabilities give these probabilities again', () => {
  const probabilities = softmax([2, -30, 0.5]);
  for (const [label, probability] of softmax(probabilities.map(logitOf)).entries())
    assert.ok(Math.abs(probability - (probabilities[label] ?? 0)) <= 1e-12 * probability);
});

test('a probability that was rounded to 0 counts as the smallest float32, so that one view of several does not exclude a class', () => {
  assert.equal(logitOf(0), Math.log(2 ** -149));
  // One view is certain of the first class, and three equal views are nearly certain of the second.
  const views = [
    [1, 0],
    [1e-20, 1],
    [1e-20, 1],
    [1e-20, 1],
  ];
  const averages = [0, 1].map((label) => views.reduce((sum, view) => sum + logitOf(view[label] ?? 0) / 4, 0));
  const [first = 1, second = 0] = softmax(averages);
  assert.ok(second > first, `${first}, ${second}`);
});
