import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNetwork, networkNames } from './networks.ts';

test('networks are made by name, with the given numbers and the defaults of the others', () => {
  for (const name of networkNames) assert.equal(makeNetwork(name, 7).name, name);
  const { configuration, classes } = makeNetwork('cifar10', 7, { conv1: 8 });
  assert.deepEqual(configuration, { conv1: 8, conv2: 64, local3: 384, local4: 192 });
  assert.equal(classes, 7);
});

test('a network or a number that does not exist is refused with those that do', () => {
  assert.throws(() => makeNetwork('resnet9', 10), {
    name: 'RunError',
    message: /^there is no network "resnet9"; there are cifar10/,
  });
  assert.throws(() => makeNetwork('cifar10', 10, { conv3: 1, depth: 2 }), {
    message: 'the network cifar10 has no conv3 and no depth; it has conv1, conv2, local3, local4',
  });
});
