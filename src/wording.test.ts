import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteSize, counted } from './wording.ts';

test('one thing is singular, any other number plural', () => {
  const said = [0, 1, 2, 1000].map((number) => counted(number, 'thread'));
  assert.deepEqual(said, ['0 threads', '1 thread', '2 threads', '1,000 threads']);
  assert.equal(counted(2, 'batch', 'batches'), '2 batches');
});

test('bytes are megabytes below a gigabyte', () => {
  assert.deepEqual([2 ** 20, 2 ** 30 - 2 ** 20, 1.5 * 2 ** 30].map(byteSize), ['1 MB', '1023 MB', '1.5 GB']);
});
