import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { LargeResponses } from './large-responses.ts';

test('large responses wait for room, small ones never do', () => {
  const [first, second, third] = [new EventEmitter(), new EventEmitter(), new EventEmitter()] as const;
  const large = new LargeResponses();
  assert.equal(large.admit(first, 300 << 20), true);
  assert.equal(large.admit(second, 2 << 20), false);
  assert.equal(large.admit(third, 1000), true);
  first.emit('close');
  assert.equal(large.admit(second, 200 << 20), true);
  assert.equal(large.admit(third, 50 << 20), true);
  assert.equal(large.admit(first, 50 << 20), false);
});
