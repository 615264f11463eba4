import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retain } from './retention.ts';

test('the newest checkpoints are kept', () => {
  assert.deepEqual(retain([1, 2, 3], 2), { kept: [2, 3], surplus: [1] });
  assert.deepEqual(retain([1, 2, 3], 3), { kept: [1, 2, 3], surplus: [] });
  assert.deepEqual(retain([1], 5), { kept: [1], surplus: [] });
});

test('keeping 0 means keeping all', () => {
  assert.deepEqual(retain([1, 2, 3], 0), { kept: [1, 2, 3], surplus: [] });
});
