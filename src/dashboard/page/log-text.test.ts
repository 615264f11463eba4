import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenLines, plainLog } from './log-text.ts';

test('a log has no colors and no overwritten lines', () => {
  assert.equal(plainLog('\u001b[1;31mred\u001b[0m\r\nstep 1\rstep 2\rstep 3\nend'), 'red\nstep 3\nend');
});

test('the last lines with a text are chosen', () => {
  assert.deepEqual(chosenLines('Loss 1\nother\nloss 2\nloss 3\n', 'loss', 2), ['loss 2', 'loss 3']);
  assert.deepEqual(chosenLines('a\n\nb', '', 9), ['a', '', 'b']);
  assert.deepEqual(chosenLines('', '', 9), []);
});
