import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionMemory } from './session-memory.ts';

test('memory starts as zeros, and free() returns it to the system without a garbage collection', () => {
  const megabytes = () => process.memoryUsage.rss() / 2 ** 20;
  const before = megabytes();
  const memory = new SessionMemory(256 * 2 ** 20);
  const values = new Float32Array(memory.buffer);
  assert.equal(values[1000], 0);
  values.fill(1);
  assert.ok(megabytes() - before > 200, 'the memory is allocated');
  memory.free();
  assert.equal(values.length, 0);
  assert.ok(megabytes() - before < 100, `${before} MB before, ${megabytes()} after`);
});

test('freeing memory is fast even if little of it was used, and can be repeated', () => {
  // Pages are allocated only when they are written, so creating this buffer takes no memory.
  const bytes = 5 * 2 ** 30;
  const memory = new SessionMemory(bytes);
  assert.equal(memory.buffer.byteLength, bytes);
  const started = performance.now();
  memory.free();
  memory.free();
  // Overwriting the memory would take seconds.
  assert.ok(performance.now() - started < 500);
  assert.equal(memory.buffer.byteLength, 0);
});
