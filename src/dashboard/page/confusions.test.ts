import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestConfusions } from './confusions.ts';

test('the largest counts beside the diagonal come first; of equal ones, the larger share', () => {
  const confusion = [
    [90, 2, 8],
    [2, 6, 0],
    [9, 1, 40],
  ];
  assert.deepEqual(largestConfusions(confusion, 4), [
    { label: 2, predicted: 0, count: 9, share: 0.18 },
    { label: 0, predicted: 2, count: 8, share: 0.08 },
    { label: 1, predicted: 0, count: 2, share: 0.25 },
    { label: 0, predicted: 1, count: 2, share: 0.02 },
  ]);
  assert.equal(largestConfusions(confusion, 100).length, 5);
  assert.deepEqual(largestConfusions([[0, 0], []], 4), []);
});
