import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enoughSteps, StepTimes, warmUpMillis } from './step-times.ts';

test('the steps of the warm-up do not affect the mean after it', () => {
  const times = new StepTimes();
  assert.ok(Number.isNaN(times.millis));
  for (let step = 0; step < 4; step++) times.add(600);
  assert.equal(Math.round(times.millis), 600);
  times.add(warmUpMillis);
  for (let step = 0; step < enoughSteps; step++) {
    assert.equal(times.isSteady, false, `${step}`);
    times.add(100);
  }
  assert.equal(times.isSteady, true);
  assert.equal(Math.round(times.millis), 100);
});

test('after the warm-up the mean follows changes of the speed', () => {
  const times = new StepTimes();
  times.add(warmUpMillis);
  for (let step = 0; step < 300; step++) times.add(100);
  for (let step = 0; step < 300; step++) times.add(200);
  assert.ok(times.millis > 195 && times.millis <= 200, `${times.millis}`);
});
