import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../ops/builder.ts';
import { defineNetwork, type NetworkDefinition } from './define-network.ts';
import { heNormal } from './initializers.ts';
import { addNetwork } from './network.ts';
import { knownNetworkNames, makeNetwork } from './networks.ts';

const imageShape = [3, 8, 8];
const definition: NetworkDefinition<'width'> = {
  name: 'plain',
  summary: 'a linear model',
  numbers: { width: { kind: 'integer', minimum: 1, maximum: 8, default: 2, help: 'nothing' } },
  problem: ({ width }) => (width === 7 ? 'width 7 is unlucky' : undefined),
  imageShape,
  create: ({ layers, images, classes }) =>
    layers.dense(layers.flatten(images), { units: classes, initializer: heNormal }),
};

test('a defined network is known by its name, with typed numbers', () => {
  const plain = defineNetwork(definition);
  assert.ok(knownNetworkNames().includes('plain'));
  const width: number = plain.with({ width: 3 }).configuration['width'] ?? 0;
  assert.equal(width, 3);
  // @ts-expect-error The network has no such number.
  assert.throws(() => plain.with({ wdth: 3 }), {
    message: 'network: plain has no "wdth". Did you mean width?',
  });
  assert.throws(() => plain.with({ width: 9 }), { message: /width of plain: found 9, expected .* 1 to 8/ });
  assert.throws(() => plain.with({ width: 7 }), { message: 'network: plain: width 7 is unlucky' });
  const network = makeNetwork('plain', 5, { width: 4 }, [3, 4, 4]);
  assert.deepEqual(network.configuration, { width: 4 });
  assert.deepEqual(network.imageShape, [3, 4, 4]);
  const builder = new GraphBuilder('plain');
  const images = builder.input('images', { dtype: 'float32', shape: [2, 3, 4, 4] });
  assert.deepEqual(addNetwork(builder, network, images, { training: true }).logits.shape, [2, 5]);
});

test('a name is taken by the package, or until it is replaced', () => {
  const taken = { ...definition, name: 'taken' };
  defineNetwork(taken);
  assert.throws(() => defineNetwork(taken), {
    name: 'UsageError',
    message:
      'defineNetwork: a network taken is already defined; use another name, or `replace: true` to replace it',
  });
  const newer = defineNetwork({ ...taken, imageShape: [3, 4, 4] }, { replace: true });
  assert.deepEqual(makeNetwork(newer, 2).imageShape, [3, 4, 4]);
  assert.throws(() => defineNetwork({ ...definition, name: 'resnet' }, { replace: true }), {
    message: 'defineNetwork: cifar10-ts has a network resnet; use another name',
  });
});

test('invalid definitions are refused with the option, what was found and what was expected', () => {
  const number = { kind: 'integer', minimum: 2, default: 2, help: 'nothing' } as const;
  const cases: readonly (readonly [object, string])[] = [
    [
      { name: 'a:b' },
      'defineNetwork.name: found "a:b", expected a letter and then letters, digits, _, . or -',
    ],
    [{ name: '' }, 'defineNetwork.name: found "", expected a text'],
    [{ summary: 1 }, 'defineNetwork.summary: found 1, expected a text'],
    [{ imageShape: [3, 8] }, 'defineNetwork.imageShape: found a list of length 2, expected length 3'],
    [{ create: 'no' }, 'defineNetwork.create: found "no", expected a function'],
    [{ build: () => 0 }, 'unknown option `defineNetwork.build`'],
    [
      { numbers: { width: { ...number, default: 1 } } },
      'defineNetwork.numbers.width.default: found 1, expected a whole number of at least 2',
    ],
    [{ numbers: { 'a=b': number } }, 'a name in defineNetwork.numbers: found "a=b", expected a letter'],
    [{ problem: () => 'never' }, 'defineNetwork: `problem` refuses the defaults of invalid: never'],
    [{ numbers: { width: { ...number, kind: 'text' } } }, 'defineNetwork.numbers.width.kind: found "text"'],
  ];
  for (const [change, message] of cases)
    assert.throws(
      () => defineNetwork({ ...definition, name: 'invalid', ...change }),
      (error: Error) => error.name === 'UsageError' && error.message.startsWith(message),
      message,
    );
  assert.ok(!knownNetworkNames().includes('invalid'));
});

test('a network that does not return its logits is refused when its graph is built', () => {
  const built = (create: () => unknown) => {
    const network = defineNetwork(
      // A program in plain JavaScript may return anything.
      { name: 'broken', summary: 'broken', imageShape, create: create as NetworkDefinition<never>['create'] },
      { replace: true },
    );
    const builder = new GraphBuilder('broken');
    const images = builder.input('images', { dtype: 'float32', shape: [1, ...imageShape] });
    return () => addNetwork(builder, makeNetwork(network, 2), images, { training: false });
  };
  const start = '`create` of the network broken must return its logits, a value of the graph; found ';
  for (const [create, found] of [
    [() => undefined, 'undefined (is a `return` missing?)'],
    [() => Promise.resolve(), 'a promise (`create` must not be asynchronous)'],
    [() => 7, 'number'],
  ] as const)
    assert.throws(built(create), { name: 'GraphError', message: start + found });
});
