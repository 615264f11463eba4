import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StopClock } from './stop-clock.ts';

/** Returns a clock that reads how long threads have waited for a core from `waits`: one element at each reading. */
function clockOf(waits: readonly Readonly<Record<string, number>>[], mostMillis = 8000) {
  let call = 0;
  return new StopClock(mostMillis, 0, () => {
    const now = waits[Math.min(call++, waits.length - 1)] ?? {};
    return new Map(Object.entries(now).map(([id, waitMillis]) => [id, { runMillis: 0, waitMillis }]));
  });
}

test('an idle machine: all time counts', () => {
  const clock = clockOf([{ 1: 500, 2: 40 }]);
  assert.equal(clock.elapsed(50), 50);
  assert.equal(clock.elapsed(100), 100);
});

test('time in which a thread waited for a free core does not count, whichever thread it was', () => {
  const clock = clockOf([
    { 1: 500, 2: 40 },
    { 1: 510, 2: 80 },
    { 1: 520, 2: 80, 3: 90 },
  ]);
  assert.equal(clock.elapsed(50), 10);
  assert.equal(clock.elapsed(100), 10);
});

test('time in which the main thread could not run does not count, where the system does not say how long threads wait', () => {
  const clock = clockOf([{}]);
  assert.equal(clock.elapsed(50), 50);
  assert.equal(clock.elapsed(2150), 150);
});

test('no more time is left out than the limit', () => {
  for (const most of [8000, 0]) {
    const clock = clockOf([{ 1: 0 }, { 1: 60_000 }], most);
    assert.equal(clock.elapsed(60_000), 60_000 - most);
  }
});
