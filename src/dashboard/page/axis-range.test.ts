import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRange, parseRange, rangeOfX, rangeOfY } from './axis-range.ts';

const line = { x: [0, 10, 20, 30], y: [5, -1, null, 100] };

test('the range of x contains all lines, and is never empty', () => {
  assert.deepEqual(rangeOfX([line, { x: [-5, 7], y: [0, 0] }, { x: [], y: [] }]), { low: -5, high: 30 });
  assert.deepEqual(rangeOfX([{ x: [10], y: [1] }]), { low: 9, high: 11 });
  assert.equal(rangeOfX([]), undefined);
});

test('the range of y has a margin around the values in the range of x', () => {
  const range = rangeOfY([line], { low: 0, high: 20 }, false);
  assert.ok(range !== undefined && range.low < -1 && range.low > -2 && range.high > 5 && range.high < 6);
  assert.equal(rangeOfY([line], { low: 15, high: 25 }, false), undefined);
});

test('a logarithmic range has only positive values', () => {
  const range = rangeOfY([line], { low: 0, high: 30 }, true);
  assert.ok(range !== undefined && range.low > 0 && range.low < 5 && range.high > 100);
  assert.equal(rangeOfY([line], { low: 5, high: 15 }, true), undefined);
});

test('a range comes back from an address, and anything else is none', () => {
  const range = { low: -1.5, high: 2e9 };
  assert.deepEqual(parseRange(formatRange(range)), range);
  for (const text of [undefined, '', '1', '2:1', '1:1', 'a:b', ':5', '1:Infinity'])
    assert.equal(parseRange(text), undefined, text);
});
