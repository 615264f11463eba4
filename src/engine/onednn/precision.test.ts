import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { makeNetwork } from '../../model/networks.ts';
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

test('in a residual network activations are bfloat16, but statistics, scales and the global average pool are float32', () => {
  const network = makeNetwork('resnet', 10, { depth: 8 });
  const { graph: residual } = buildTrainingGraph({
    network,
    batchSize: 4,
    hyperparameters: tutorialHyperparameters,
  });
  const { calls } = programOf(residual, 'bfloat16');
  const norms = calls.filter(({ kind }) => kind.startsWith('batch_normalization'));
  assert.equal(norms.length, 2 * 7);
  for (const { name, reads, writes } of norms) {
    const { src, diffDst, workspace, ...vectors } = reads;
    const { dst, diffSrc, workspace: written, ...results } = writes;
    for (const slot of [src, diffDst, dst, diffSrc])
      assert.ok(slot === undefined || slot.type === 'bfloat16', name);
    for (const slot of [...Object.values(vectors), ...Object.values(results)])
      assert.equal(slot.type, 'float32', name);
  }
  const sums = calls.filter(({ op, kind }) => op === 'Add' && kind === 'binary').map(resultOf);
  assert.ok(sums.filter(({ dims }) => dims.length === 4).every(({ type }) => type === 'bfloat16'));
});
