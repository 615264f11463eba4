import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream, threefry2x32 } from './random.ts';

// Known answers that the authors of the paper published (Random123, kat_vectors, threefry 2x32, 20 rounds).
const knownAnswers = [
  { key: [0, 0], counter: [0, 0], answer: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], answer: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], answer: [0xc4923a9c, 0x483df7a0] },
] as const;

test('Threefry-2x32-20 gives the published known answers', () => {
  for (const { key, counter, answer } of knownAnswers) {
    const block = Uint32Array.from(counter);
    threefry2x32(key[0], key[1], block);
    assert.deepEqual([...block], [...answer]);
  }
});

test('the same coordinates give the same draws, and different coordinates give different ones', () => {
  const draws = (...coordinates: ConstructorParameters<typeof RandomStream>) => {
    const stream = new RandomStream(...coordinates);
    return Array.from({ length: 8 }, () => stream.uint32()).join();
  };
  assert.equal(draws(1, 'crop', 2, 3), draws(1, 'crop', 2, 3));
  const streams = [
    draws(1, 'crop', 2, 3),
    draws(2, 'crop', 2, 3),
    draws(1 + 2 ** 32, 'crop', 2, 3),
    draws(1, 'flip', 2, 3),
    draws(1, 'crop', 3, 3),
    draws(1, 'crop', 2, 4),
    draws(1, 'crop', 3, 2),
  ];
  assert.equal(new Set(streams).size, streams.length);
});

test('uniform() covers [0, 1) evenly, and below() is uniform over its values', () => {
  const stream = new RandomStream(7, 'test');
  const bins = new Array<number>(9).fill(0);
  let sum = 0;
  const draws = 90_000;
  for (let i = 0; i < draws; i++) {
    sum += stream.uniform();
    const bin = stream.below(9);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  // The standard error of the mean is 1 / sqrt(12 · 90,000) = 0.00096, that of the count of a bin is sqrt(90,000 · 8/81) = 94.
  assert.ok(Math.abs(sum / draws - 0.5) < 0.004, `mean ${sum / draws}`);
  for (const count of bins) assert.ok(Math.abs(count - 10_000) < 400, `bins ${bins.join()}`);
});

test('truncatedNormal() stays within two deviations and has the standard deviation 0.880 of the truncated normal', () => {
  const stream = new RandomStream(0, 'weights');
  const draws = Array.from({ length: 50_000 }, () => stream.truncatedNormal());
  const deviation = Math.sqrt(draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length);
  assert.ok(draws.every((draw) => Math.abs(draw) <= 2));
  assert.ok(Math.abs(deviation - 0.8796) < 0.01, `deviation ${deviation}`);
});
