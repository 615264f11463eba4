import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../nearest.ts';
import { type FlagKind, readValue, writtenName } from './flag.ts';

const rate: FlagKind = { kind: 'number', valueName: 'rate', minimum: 0, maximum: 1 };

test('numbers are accepted in every usual spelling', () => {
  const spelled = { '0.1': 0.1, '1': 1, '.5': 0.5, '1.': 1, '1e-3': 0.001, '+5E-1': 0.5, '0': 0 };
  for (const [text, value] of Object.entries(spelled)) assert.equal(readValue(rate, '--rate', text), value);
});

test('text that is not a number, and a number out of bounds, are refused', () => {
  for (const text of ['', 'NaN', 'Infinity', '0x1', '1,5', '-0.1', '.', ' 1']) {
    const message = `--rate: expected a number of at least 0, found ${JSON.stringify(text)}`;
    assert.throws(() => readValue(rate, '--rate', text), { name: 'UsageError', message });
  }
  assert.throws(() => readValue(rate, '--rate', '1.5'), {
    message: '--rate: expected a number from 0 to 1, found "1.5"',
  });
});

test('a whole number that JavaScript cannot hold exactly is refused', () => {
  const steps: FlagKind = { kind: 'integer', valueName: 'steps', minimum: 1 };
  assert.throws(() => readValue(steps, '--steps', '9007199254740993'), {
    message: '--steps: expected a whole number from 1 to 9007199254740991, found "9007199254740993"',
  });
});

test('flag names are written with dashes', () => {
  assert.equal(writtenName('learningRateDecayFactor'), 'learning-rate-decay-factor');
  assert.equal(writtenName('useFp16'), 'use-fp16');
});

test('a misspelled word is matched with the intended one', () => {
  const words = ['holdout', 'max-steps', 'batch-size', 'seed', 'keep', 'engine'];
  const meant = {
    'max-step': 'max-steps',
    maxsteps: 'max-steps',
    sede: 'seed',
    bach: undefined,
    colour: undefined,
    maxstpes: 'max-steps',
    engnie: 'engine',
    kep: 'keep',
    eng: 'engine',
  };
  for (const [word, found] of Object.entries(meant)) assert.equal(nearest(word, words), found, word);
  assert.equal(nearest('', words), undefined);
});
