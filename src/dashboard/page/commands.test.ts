import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateCommand, trainCommand } from './commands.ts';

const placeOf = (folder: string) => ({ program: 'npx cifar10', folder });

test('commands name paths as words of a shell', () => {
  assert.equal(trainCommand(placeOf('runs')), 'npx cifar10 train --train-dir runs/run1');
  assert.equal(
    evaluateCommand(placeOf('runs'), 'a/b', true),
    'npx cifar10 eval --run-once --report --eval-dir runs/a/b-eval --checkpoint-dir runs/a/b',
  );
  assert.equal(
    evaluateCommand(placeOf('-my runs'), "it's", false),
    "npx cifar10 eval --run-once --eval-dir './-my runs/it'\\''s-eval' --checkpoint-dir './-my runs/it'\\''s'",
  );
  assert.equal(
    evaluateCommand(placeOf('runs'), '.', false),
    'npx cifar10 eval --run-once --eval-dir runs/eval --checkpoint-dir runs',
  );
});
