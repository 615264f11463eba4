import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternatives } from '../wording.ts';
import { makeNetwork, networkNames } from './networks.ts';

test('networks are made by name, from the given numbers and the defaults of the others', () => {
  for (const name of networkNames) assert.equal(makeNetwork(name, 7).name, name);
  const { configuration, classes } = makeNetwork('cifar10', 7, { conv1: 8 });
  assert.deepEqual(configuration, { conv1: 8, conv2: 64, local3: 384, local4: 192 });
  assert.equal(classes, 7);
});

test('unknown networks and numbers are refused with the nearest valid name, and numbers out of range with their bounds', () => {
  for (const [name, configuration, message] of [
    ['cifar100', {}, 'network: found "cifar100", expected XX. Did you mean cifar10?'],
    ['cifar10', { conv3: 1, depth: 2 }, 'network: cifar10 has no "conv3". Did you mean conv1?'],
    ['cifar10', { depth: 2 }, 'network: cifar10 has no "depth"; it has conv1, conv2, local3, local4'],
    ['cifar10', { conv1: 0 }, 'network: conv1 of cifar10: found 0, expected a whole number from 1 to 4096'],
    [
      'cifar10',
      { conv1: 1.5 },
      'network: conv1 of cifar10: found 1.5, expected a whole number from 1 to 4096',
    ],
  ] as const) {
    const expected = message.replace('XX', alternatives(networkNames));
    assert.throws(() => makeNetwork(name, 10, configuration), { name: 'UsageError', message: expected });
  }
});
