import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, timestamp } from './console.ts';
import { StepLines } from './step-lines.ts';

test('a line has the form of the tutorial', () => {
  let now = 0;
  const lines = new StepLines(128, 10, () => now);
  lines.start(0);
  now = 250;
  const line = lines.lineFor(0, 4.6742)?.text ?? '';
  assert.match(
    line,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: step 0, loss = 4\.67 \(512\.0 examples\/sec; 0\.250 sec\/batch\)$/,
  );
});

test('lines are printed at multiples of the frequency, with the speed of all steps since the last line', () => {
  let now = 0;
  const lines = new StepLines(100, 10, () => now);
  lines.start(0);
  const printed = Array.from({ length: 21 }, (_, step) => {
    now += step <= 10 ? 100 : 200;
    return lines.lineFor(step, 1)?.text;
  });
  assert.deepEqual(
    printed.flatMap((line, step) => (line === undefined ? [] : [step])),
    [0, 10, 20],
  );
  assert.match(printed[10] ?? '', /\(1000\.0 examples\/sec; 0\.100 sec\/batch\)/);
  assert.match(printed[20] ?? '', /\(500\.0 examples\/sec; 0\.200 sec\/batch\)/);
});

test('a resumed run prints its first step, whatever its number', () => {
  const lines = new StepLines(100, 10);
  lines.start(15);
  assert.match(lines.lineFor(15, 1)?.text ?? '', /step 15,/);
  assert.equal(lines.lineFor(16, 1), undefined);
  assert.match(lines.lineFor(20, 1)?.text ?? '', /step 20,/);
});

test('times are printed with all six digits of the microseconds', () => {
  const at = new Date(2026, 10, 3, 4, 5, 6).getTime() + 7.0089;
  assert.equal(timestamp(at).slice(0, 23), '2026-11-03 04:05:06.007');
  assert.match(timestamp(at), /\.007\d{3}$/);
});

test('durations are printed in seconds, minutes or hours, whichever is readable', () => {
  assert.equal(duration(41_600), '42 s');
  assert.equal(duration(725_000), '12 min 5 s');
  assert.equal(duration(10_920_000), '3 h 2 min');
});
