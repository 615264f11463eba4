import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildEvaluationGraph } from '../../evaluation/evaluation-graph.ts';
import { printGraph } from '../../graph/print.ts';
import { layersOf } from '../../inspect/network.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { float32, sizeOf } from '../../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';
import { makeNetwork } from '../networks.ts';

const hyperparameters = { ...tutorialHyperparameters, weightDecay: 1e-4 };

function sumsOf(depth: number) {
  const layers = layersOf(makeNetwork('resnet', 10, { depth }));
  const sum = (name: 'parameters' | 'multiplyAdds') =>
    layers.reduce((total, layer) => total + layer[name], 0);
  return [sum('parameters'), sum('multiplyAdds')];
}

test('depths 20 and 56 have the 0.27 and 0.85 million parameters of the paper', () => {
  assert.deepEqual(sumsOf(20), [269_722, 40_551_040]);
  assert.deepEqual(sumsOf(56), [853_018, 125_485_696]);
});

test('the stages halve the image and double the channels', () => {
  const shapes = layersOf(makeNetwork('resnet', 100)).map(
    ({ layer, output }) => `${layer} ${output.join('×')}`,
  );
  assert.deepEqual(shapes, [
    'conv1 16×32×32',
    'stage1 16×32×32',
    'stage2 32×16×16',
    'stage3 64×8×8',
    'pool 64',
    'softmax_linear 100',
  ]);
});

test('weight decay applies only to the weights of the convolutions and of the last layer', () => {
  const { parameters } = buildTrainingGraph({
    network: makeNetwork('resnet', 10, { depth: 8 }),
    batchSize: 2,
    hyperparameters,
  });
  for (const { variable, decayShare } of parameters)
    assert.equal(decayShare, variable.name.endsWith('/weights') ? 1 : undefined, variable.name);
});

test('dropout is before the last layer, in training only, and a rate of 0 leaves it out', () => {
  const made = (dropout: number) => makeNetwork('resnet', 10, { depth: 8, dropout });
  const graphOf = (dropout: number) =>
    buildTrainingGraph({ network: made(dropout), batchSize: 2, hyperparameters });
  const { masks, graph } = graphOf(0.25);
  assert.deepEqual(
    masks.map(({ input, rate }) => [input.shape, rate]),
    [[[2, 64], 0.25]],
  );
  assert.match(printGraph(graph), /softmax_linear\/dropout/);
  assert.doesNotMatch(printGraph(graphOf(0).graph), /dropout/);
  assert.equal(printGraph(buildEvaluationGraph(made(0.25), 1)), printGraph(buildEvaluationGraph(made(0), 1)));
  assert.throws(() => made(1), { message: /dropout of resnet: found 1, expected a number from 0 to 0\.99/ });
});

test('training and evaluation have the same parameters and running statistics', () => {
  const network = makeNetwork('resnet', 10, { depth: 8 });
  const { graph, parameters, states } = buildTrainingGraph({ network, batchSize: 2, hyperparameters });
  const names = [...parameters, ...states].map(({ variable }) => variable.name);
  assert.deepEqual([...buildEvaluationGraph(network, 1).variables.keys()].sort(), names.sort());
  assert.ok(names.includes('stage2/block1/conv2/batch_norm/moving_variance'));
  for (const { variable } of states) assert.equal(graph.variables.get(variable.name)?.role, 'state');
  assert.deepEqual(
    states.map(({ update }) => update && sizeOf(update.shape)),
    states.map(({ variable }) => sizeOf(variable.shape)),
  );
});

test('a depth that does not exist is refused, and the error contains the nearest ones', () => {
  const refusals = [
    [21, /depth 21 is not 6n \+ 2; the nearest are 20 and 26$/],
    [25, /the nearest are 20 and 26$/],
    [20.5, /depth of resnet.*20\.5/],
    [7, /depth of resnet.*8/],
    [2000, /depth of resnet.*1202/],
    [Number.NaN, /depth of resnet/],
  ] as const;
  for (const [depth, message] of refusals)
    assert.throws(() => makeNetwork('resnet', 10, { depth }), { name: 'UsageError', message });
});

test('it cannot be trained with batches of one image, but it can be evaluated with them', () => {
  const network = makeNetwork('resnet', 10, { depth: 8 });
  assert.throws(() => buildTrainingGraph({ network, batchSize: 1, hyperparameters }), {
    name: 'UsageError',
    message:
      /^batch normalization cannot train with batches of 1 image, .*`batchSize` with 2 or more images for each tower$/,
  });
  buildEvaluationGraph(network, 1);
});

test('a run that starts from given weights also starts from their running statistics', () => {
  const network = makeNetwork('resnet', 10, { depth: 8 });
  const training = buildTrainingGraph({ network, batchSize: 2, hyperparameters });
  const given = new Map(initialVariables(training, 1));
  const mean = float32([16], new Float32Array(16).fill(3));
  given.set('conv1/batch_norm/moving_mean', mean);
  assert.equal(initialVariables(training, 0, given).get('conv1/batch_norm/moving_mean'), mean);
});
