import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EpochCounter, stepsIn } from './epochs.ts';

test('an epoch ends with the batch that completes it, and counts the images since the previous epoch ended', () => {
  const counter = new EpochCounter(10, 4);
  const ends = Array.from({ length: 8 }, (_, step) => counter.add(step, step % 2)).flatMap((end) =>
    end === undefined ? [] : [[end.epoch, end.globalStep, end.images, end.correct]],
  );
  // The first epoch ends after 12 images, the second after 20 and the third after 32.
  assert.deepEqual(ends, [
    [1, 3, 12, 1],
    [2, 5, 8, 1],
    [3, 8, 12, 2],
  ]);
});

test('endsAt is true for exactly the numbers of updates at which epochs are reported', () => {
  for (const [examples, batchSize] of [
    [10, 4],
    [9000, 128],
    [12, 4],
    [3, 8],
  ] as const) {
    const counter = new EpochCounter(examples, batchSize);
    for (let step = 0; step < 300; step++)
      assert.equal(counter.endsAt(step + 1), counter.add(step, 0) !== undefined, `${step}`);
    assert.equal(counter.endsAt(0), false);
  }
});

test('an epoch is marked if another process trained its beginning', () => {
  const partial = (firstStep: number) => {
    const counter = new EpochCounter(10, 4);
    return [0, 1, 2, 3, 4].flatMap((more) => counter.add(firstStep + more, 0)?.isPartial ?? []);
  };
  assert.deepEqual(partial(0), [false, false]);
  assert.deepEqual(partial(1), [true, false]);
  // Step 3 is the first one after the end of an epoch.
  assert.deepEqual(partial(3), [false, false]);
  assert.deepEqual(partial(4), [true, false]);
});

test('stepsIn includes the last batch, which may extend into the next epoch', () => {
  assert.equal(stepsIn(1, 50_000, 128), 391);
  assert.equal(stepsIn(2.5, 100, 10), 25);
  assert.equal(stepsIn(0.001, 100, 10), 1);
});
