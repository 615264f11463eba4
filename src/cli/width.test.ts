import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConsole } from './console.ts';
import { settings, table } from './table.ts';
import { beginning, padEnd, padStart, shortened, widthOf, wrapped } from './width.ts';

test('text is as wide as terminals show it', () => {
  assert.deepEqual(['abc', '猫', 'é', '👩‍👩‍👧', ''].map(widthOf), [3, 2, 1, 2, 0]);
  assert.equal(padEnd('猫', 4), '猫  ');
  assert.equal(padStart('猫', 4), '  猫');
});

test('cutting text does not split characters', () => {
  assert.equal(beginning('猫猫猫', 5), '猫猫');
  assert.equal(beginning('👩‍👩‍👧x', 2), '👩‍👩‍👧');
  assert.equal(shortened('softmax_linear/weights', 11), 'softm…ights');
  assert.equal(shortened('猫猫猫猫', 5), '猫…猫');
  assert.equal(shortened('short', 5), 'short');
});

test('a line is broken at spaces, and continuation lines are indented', () => {
  assert.equal(wrapped('one two three four', 9), 'one two\n  three\n  four');
  assert.equal(wrapped('  a bc', 5), '  a\n    bc');
  assert.equal(wrapped('unbreakable', 5), 'unbreakable');
  assert.equal(wrapped('ok       one: two three', 16), 'ok       one:\n         two\n         three');
  assert.equal(wrapped('name = Op(x) → float32 [12, 3, 4]', 28), 'name = Op(x) → float32\n  [12, 3, 4]');
});

describe('tables', () => {
  test('are aligned whatever the names are', () => {
    assert.equal(
      table([
        ['class', 'n'],
        ['猫', '10'],
        ['dog', '2'],
      ]),
      'class   n\n猫     10\ndog     2',
    );
  });
  test('shorten long names in the first column to fit the terminal', () => {
    const rows = [['softmax_linear/weights/ExponentialMovingAverage', '1'.repeat(20), '2'.repeat(20)]];
    const lines = table(rows, 60).split('\n');
    assert.ok(
      lines.every((line) => widthOf(line) <= 60),
      lines.join('\n'),
    );
    assert.match(lines[0] ?? '', /^softmax_…Average /);
  });
  test('settings continue aligned on the next line', () => {
    assert.equal(
      settings(
        [
          ['name', 'a'],
          ['classes', 'circle, square, triangle, cross, ring'],
        ],
        34,
      ),
      '  name     a\n  classes  circle, square,\n           triangle, cross, ring',
    );
  });
});

describe('on a terminal of 80 columns', () => {
  const printed = (isTTY: boolean) => {
    let text = '';
    const stream = { write: (part: string) => (text += part), isTTY, columns: 80 };
    const console = createConsole(
      { quiet: false, json: false },
      { out: stream, err: stream },
      { TERM: 'dumb' },
    );
    console.line('word '.repeat(30).trim());
    console.line('x'.repeat(85), undefined, 'shorter');
    console.line(`To continue:\n  npx cifar10 train ${'--flag value '.repeat(10).trim()}`);
    return text;
  };
  test('lines are broken at spaces, the shorter text is used, and commands are not broken', () => {
    const lines = printed(true).trimEnd().split('\n');
    assert.ok(lines.filter((line) => !line.startsWith('  npx')).every((line) => widthOf(line) <= 80));
    assert.ok(lines.includes('shorter'));
    assert.ok(lines.some((line) => line.startsWith('  npx') && line.length > 80));
  });
  test('lines are not changed in a pipe', () => {
    assert.ok(printed(false).startsWith(`${'word '.repeat(30).trim()}\n${'x'.repeat(85)}\n`));
  });
});
