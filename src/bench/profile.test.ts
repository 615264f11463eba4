import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileSums } from './profile.ts';

test('times are summed by operator and by layer in descending order, and data movement is listed', () => {
  const part = (op: string, name: string, millis: number) => ({
    op,
    name,
    millis,
    fastest: millis,
    code: 'jit',
  });
  const sums = profileSums([
    part('Conv2D', 'conv1/Conv2D', 2),
    part('Conv2D', 'conv2/Conv2D', 5),
    part('Reorder', 'conv2/weights', 1),
    { ...part('Conv2D', 'conv2/Conv2D/2', 3), moves: true },
  ]);
  assert.equal(sums.millis, 11);
  assert.deepEqual(sums.operators, [
    { what: 'Conv2D', millis: 10, calls: 3 },
    { what: 'Reorder', millis: 1, calls: 1 },
  ]);
  assert.deepEqual(sums.layers, [
    { what: 'conv2', millis: 9, calls: 3 },
    { what: 'conv1', millis: 2, calls: 1 },
  ]);
  assert.deepEqual(sums.moves, [
    { what: 'Conv2D', millis: 3, calls: 1 },
    { what: 'Reorder', millis: 1, calls: 1 },
  ]);
  assert.equal(sums.longest[0]?.what, 'conv2/Conv2D (jit)');
});
