import assert from 'node:assert/strict';
import { test } from 'node:test';
import { own } from './own.ts';

test('only the own names of a record are found', () => {
  assert.equal(own({ constructor: 'a run' } as Readonly<Record<string, string>>, 'constructor'), 'a run');
  for (const name of ['constructor', 'toString', '__proto__'])
    assert.equal(own<string>({ loss: '1' }, name), undefined);
});
