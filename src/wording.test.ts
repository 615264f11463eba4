import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alternatives,
  byteSize,
  counted,
  enumeration,
  oneLine,
  percentage,
  printable,
  quoted,
  shortened,
} from './wording.ts';

test('counted uses the singular for 1 and the plural for all other numbers', () => {
  const said = [0, 1, 2, 1000].map((number) => counted(number, 'thread'));
  assert.deepEqual(said, ['0 threads', '1 thread', '2 threads', '1,000 threads']);
  assert.equal(counted(2, 'batch', 'batches'), '2 batches');
});

test('a percentage is rounded like the same fraction with three digits', () => {
  // 0.9535 * 100 is a little less than 95.35.
  assert.equal((0.9535).toFixed(3), '0.954');
  assert.deepEqual([0.9535, 1, 0, 0.12345].map(percentage), ['95.4%', '100.0%', '0.0%', '12.3%']);
});

test('words are joined with commas, and the last with "or" or "and"', () => {
  assert.deepEqual([[], ['a'], ['a', 'b', 'c']].map(enumeration), ['', 'a', 'a, b and c']);
  assert.deepEqual([['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives), ['a', 'a or b', 'a, b or c']);
});

test('sizes below a gigabyte are in megabytes', () => {
  assert.deepEqual([2 ** 20, 2 ** 30 - 2 ** 20, 1.5 * 2 ** 30].map(byteSize), ['1 MB', '1023 MB', '1.5 GB']);
});

test('control characters are escaped', () => {
  const evil = 'a\u001b[31m\u0007\u009b\u202e\u2066\r\tb\nc é 猫';
  assert.equal(printable(evil), 'a\\u001b[31m\\u0007\\u009b\\u202e\\u2066\\u000d\\u0009b\nc é 猫');
  assert.equal(oneLine('b\nc'), 'b\\u000ac');
});

test('untrusted values are quoted in one short line, however deep and long they are', () => {
  let deep: unknown = [];
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  assert.equal(quoted(deep), '[[[[…]]]]');
  assert.equal(quoted({ a: [1, 'x\n'], b: null }), '{"a":[1,"x\\n"],"b":null}');
  assert.equal(quoted(undefined), 'nothing');
  assert.ok(quoted('x'.repeat(1e6)).length <= 80);
  assert.equal(shortened('ab😀', 4), 'ab😀');
  assert.equal(shortened('ab😀c', 4), 'ab…');
});
