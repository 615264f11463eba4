import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAgo, formatDuration, formatPercent, formatTick, formatValue, formatWhole } from './format.ts';

function check<T>(format: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, text] of cases) assert.equal(format(value), text);
}

test('values have about four digits', () => {
  check(formatValue, [
    [0, '0'],
    [0.91234, '0.9123'],
    [-12.345, '−12.35'],
    [1234.5678, '1,235'],
    [0.0000123, '1.23e−5'],
    [25_000_000, '2.50e7'],
    [42, '42'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '−∞'],
    [null, '–'],
  ]);
});

test('ticks are short', () => {
  check(formatTick, [
    [0, '0'],
    [2000, '2000'],
    [20_000, '20k'],
    [2_500_000, '2.5M'],
    [0.05, '0.05'],
    [-0.00001, '−1e−5'],
    [0.30000000000000004, '0.3'],
  ]);
});

test('durations have at most two units', () => {
  check(formatDuration, [
    [0, '0 s'],
    [0.25, '0.25 s'],
    [59.6, '1 min'],
    [125, '2 min 5 s'],
    [3600, '1 h'],
    [3605, '1 h'],
    [4800, '1 h 20 min'],
    [190_000, '2 d 4 h'],
    [Number.NaN, '–'],
  ]);
  assert.equal(formatAgo(1000, 1003), 'just now');
  assert.equal(formatAgo(1000, 1125), '2 min ago');
  assert.equal(formatAgo(null, 5), '–');
});

test('whole numbers and percentages', () => {
  assert.equal(formatWhole(1_234_567), '1,234,567');
  assert.equal(formatWhole(null), '–');
  assert.equal(formatPercent(0.8634, 2), '86.34%');
  assert.equal(formatPercent(Number.NaN), '–');
});
