import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StepClock } from './step-clock.ts';

test('slow steps count as much as the mean of the others', () => {
  const clock = new StepClock();
  clock.add(9000, true);
  assert.equal(clock.seconds, 9, 'there are no others yet');
  clock.add(100, false);
  clock.add(300, false);
  clock.add(7000, true);
  assert.equal(clock.seconds, 0.8);
  assert.equal(clock.millisFor(10), 2000);
});

test('no steps take no time', () => {
  assert.equal(new StepClock().seconds, 0);
});
