import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardError, wilsonInterval } from './interval.ts';

/** R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 1998, table I, method 3. */
const published = [
  { correct: 81, total: 263, low: 0.2553, high: 0.3662 },
  { correct: 15, total: 148, low: 0.0624, high: 0.1605 },
  { correct: 0, total: 20, low: 0, high: 0.1611 },
  { correct: 1, total: 29, low: 0.0061, high: 0.1718 },
];

test('intervals are those that were published for the score method', () => {
  for (const { correct, total, low, high } of published) {
    const found = wilsonInterval(correct, total);
    assert.deepEqual([Number(found.low.toFixed(4)), Number(found.high.toFixed(4))], [low, high]);
    const mirrored = wilsonInterval(total - correct, total);
    assert.ok(Math.abs(mirrored.low - (1 - found.high)) < 1e-12);
  }
});

test('an interval contains the fraction and is within 0 to 1', () => {
  for (let total = 1; total < 40; total++)
    for (let correct = 0; correct <= total; correct++) {
      const { low, high } = wilsonInterval(correct, total);
      assert.ok(low >= 0 && low <= correct / total && high >= correct / total && high <= 1);
    }
});

test('nothing is known about a fraction of no examples', () => {
  const { low, high } = wilsonInterval(0, 0);
  assert.ok(Number.isNaN(low) && Number.isNaN(high) && Number.isNaN(standardError(0, 0)));
  assert.equal(standardError(50, 100), 0.05);
});
