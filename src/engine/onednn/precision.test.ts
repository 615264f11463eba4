import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { buildTrainingGraph } from '../../training/training-graph.ts';
import { programOf } from './compile.ts';
import type { Program } from './program.ts';
import { readsOf, resultOf } from './program.ts';

const { graph } = buildTrainingGraph({
  network: tutorialNetwork(10),
  batchSize: 4,
  hyperparameters: tutorialHyperparameters,
});
const program: Program = programOf(graph, 'bfloat16');

test('convolutions and products read bfloat16 operands', () => {
  const products = program.calls.filter(({ kind }) => /^convolution|matmul/.test(kind));
  assert.ok(products.length > 10);
  for (const { name, reads } of products) {
    const operands = [reads.src, reads.weights, reads.diffDst].filter((slot) => slot !== undefined);
    assert.deepEqual([...new Set(operands.map(({ type }) => type))], ['bfloat16'], name);
  }
});

test('variables, their averages and gradients, the loss and statistics stay float32', () => {
  for (const slot of [
    ...program.results.update.values(),
    ...program.results.output.values(),
    ...program.variables.values(),
  ]) {
    assert.equal(slot.type, 'float32', slot.name);
  }
  for (const call of program.calls) {
    if (!['softmax_forward', 'reduction'].includes(call.kind) && !call.name.startsWith('train/')) continue;
    for (const slot of [...readsOf(call), resultOf(call)]) assert.equal(slot.type, 'float32', slot.name);
  }
  const filters = program.calls.filter(({ kind }) => kind === 'convolution_backward_weights');
  assert.deepEqual(
    filters.map((call) => resultOf(call).type),
    ['float32', 'float32'],
  );
});

test('activations are bfloat16 between layers', () => {
  const pools = program.calls.filter(({ kind }) => kind.startsWith('pooling'));
  assert.deepEqual(
    pools.map((call) => resultOf(call).type),
    Array(4).fill('bfloat16'),
  );
});

test('every tensor is cast at most once, however many calls read it', () => {
  const casts = program.calls.filter(({ op }) => op === 'Cast').map(({ name }) => name);
  assert.equal(new Set(casts).size, casts.length);
  assert.ok(casts.includes('images as bfloat16'));
});
