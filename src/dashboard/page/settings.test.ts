import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareValues, differingSettings } from './settings.ts';

test('settings differ if two runs have other values, or if only some have one', () => {
  const runs = [
    { settings: { seed: '1', 'batch-size': '128', network: 'tutorial' } },
    { settings: { seed: '2', 'batch-size': '128', network: 'tutorial', precision: 'bfloat16' } },
    { settings: {} },
  ];
  assert.deepEqual(differingSettings(runs), ['seed', 'precision'], 'runs of other programs do not count');
  assert.deepEqual(differingSettings(runs.slice(0, 1)), []);
  assert.deepEqual(differingSettings([]), []);
});

test('numbers are compared by their value, and missing values come last', () => {
  const values = ['10', undefined, '9', '1e-3', 'b', 'a10', 'a9'];
  assert.deepEqual(values.toSorted(compareValues), ['1e-3', '9', '10', 'a9', 'a10', 'b', undefined]);
});

test('settings may have the names that objects inherit', () => {
  const made = (...settings: readonly Readonly<Record<string, string>>[]) =>
    differingSettings(settings.map((one) => ({ settings: one })));
  assert.deepEqual(made({ constructor: '1', a: '1' }, { a: '1' }), ['constructor']);
  assert.deepEqual(made({ a: '1', toString: '1' }, { a: '1', toString: '1' }), []);
});
