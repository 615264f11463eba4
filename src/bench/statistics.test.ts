import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spread } from './statistics.ts';

test('a spread has the median, the fastest and the slowest value', () => {
  assert.deepEqual(spread([3, 1, 10]), { median: 3, fastest: 1, slowest: 10 });
  assert.deepEqual(spread([4, 1, 10, 2]), { median: 3, fastest: 1, slowest: 10 });
  assert.deepEqual(spread([7]), { median: 7, fastest: 7, slowest: 7 });
});
