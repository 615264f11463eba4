import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../ops/builder.ts';
import { alternatives } from '../wording.ts';
import { addNetwork } from './network.ts';
import { defaultsOf } from './network-kind.ts';
import { completeConfiguration, makeNetwork, networkKinds, networkNames } from './networks.ts';

describe('every network', () => {
  test('has a name of its own', () => {
    assert.deepEqual(networkNames, [...new Set(networkNames)]);
  });

  for (const kind of networkKinds) {
    const network = makeNetwork(kind.name, 7);

    test(`${kind.name} has its name, a summary, and defaults within their bounds, which checkpoints store`, () => {
      assert.equal(network.name, kind.name);
      assert.match(kind.summary, /./);
      const defaults = defaultsOf(kind);
      assert.deepEqual(completeConfiguration(kind.name, defaults), defaults);
      assert.deepEqual(network.configuration, defaults);
      assert.deepEqual(JSON.parse(JSON.stringify(defaults)), defaults);
    });

    test(`${kind.name} computes one logit for each class, and has the same variables in training and evaluation`, () => {
      const built = (training: boolean) => {
        const builder = new GraphBuilder(kind.name);
        const images = builder.input('images', { dtype: 'float32', shape: [2, ...network.imageShape] });
        const { logits, parameters, states, masks } = addNetwork(builder, network, images, { training });
        assert.deepEqual(logits.shape, [2, 7]);
        assert.ok(training || masks.length === 0);
        return [...parameters, ...states].map(({ variable }) => [variable.name, variable.shape]);
      };
      const variables = built(true);
      assert.deepEqual(built(false), variables);
      assert.ok(variables.length > 0);
    });
  }
});

test('a network with logits for another number of classes is refused with both shapes', () => {
  const network = { ...makeNetwork('resnet', 7, { depth: 8 }), classes: 8 };
  const builder = new GraphBuilder('wrong');
  const images = builder.input('images', { dtype: 'float32', shape: [2, 3, 32, 32] });
  assert.throws(() => addNetwork(builder, network, images, { training: false }), {
    name: 'GraphError',
    message: /^the logits of the network resnet: found .*\[2, 7\].*, expected \[2, 8\] for 8 classes$/,
  });
});

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
