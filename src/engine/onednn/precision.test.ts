import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { makeNetwork } from '../../model/networks.ts';
import type { ReducedType } from '../../ops/primitives.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { buildTrainingGraph } from '../../training/training-graph.ts';
import { programOf } from './compile.ts';
import type { Program } from './program.ts';
import { printCall, readsOf, resultOf, writesOf } from './program.ts';

const { graph } = buildTrainingGraph({
  network: tutorialNetwork(10),
  batchSize: 4,
  hyperparameters: tutorialHyperparameters,
});
const types: readonly ReducedType[] = ['bfloat16', 'float16'];
for (const type of types)
  describe(`a program in ${type}`, () => {
    const program: Program = programOf(graph, type);

    test('convolutions and products read 16-bit operands', () => {
      const products = program.calls.filter(({ kind }) => /^convolution|matmul/.test(kind));
      assert.ok(products.length > 10);
      for (const { name, reads } of products) {
        const operands = [reads.src, reads.weights, reads.diffDst].filter((slot) => slot !== undefined);
        assert.deepEqual([...new Set(operands.map(({ type }) => type))], [type], name);
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
        if (!['softmax_forward', 'reduction'].includes(call.kind) && !call.name.startsWith('train/'))
          continue;
        for (const slot of [...readsOf(call), resultOf(call)]) assert.equal(slot.type, 'float32', slot.name);
      }
      const filters = program.calls.filter(({ kind }) => kind === 'convolution_backward_weights');
      assert.deepEqual(
        filters.map((call) => resultOf(call).type),
        ['float32', 'float32'],
      );
    });

    test('activations are 16-bit between layers', () => {
      const pools = program.calls.filter(({ kind }) => kind.startsWith('pooling'));
      assert.deepEqual(
        pools.map((call) => resultOf(call).type),
        Array(4).fill(type),
      );
    });

    test('every tensor is cast at most once, however many calls read it', () => {
      const casts = program.calls.filter(({ op }) => op === 'Cast').map(({ name }) => name);
      assert.equal(new Set(casts).size, casts.length);
      assert.ok(casts.includes(`images as ${type}`));
    });

    test('in a residual network activations are 16-bit, but statistics, scales and the global average pool are float32', () => {
      const network = makeNetwork('resnet', 10, { depth: 8 });
      const { graph: residual } = buildTrainingGraph({
        network,
        batchSize: 4,
        hyperparameters: tutorialHyperparameters,
      });
      const { calls } = programOf(residual, type);
      const norms = calls.filter(({ kind }) => kind.startsWith('batch_normalization'));
      assert.equal(norms.length, 2 * 7);
      for (const { name, reads, writes } of norms) {
        const { src, diffDst, workspace, ...vectors } = reads;
        const { dst, diffSrc, workspace: written, ...results } = writes;
        for (const slot of [src, diffDst, dst, diffSrc])
          assert.ok(slot === undefined || slot.type === type, name);
        for (const slot of [...Object.values(vectors), ...Object.values(results)])
          assert.equal(slot.type, 'float32', name);
      }
      const sums = calls.filter(({ op, kind }) => op === 'Add' && kind === 'binary').map(resultOf);
      assert.ok(sums.filter(({ dims }) => dims.length === 4).every((slot) => slot.type === type));
    });

    test('kinds of calls that oneDNN lacks in the type compute in float32 between casts', () => {
      const kinds = ['pooling_forward', 'pooling_backward'] as const;
      const { calls } = programOf(graph, type, { gaps: { kinds, chains: false } });
      const pools = calls.filter(({ kind }) => kind.startsWith('pooling'));
      assert.equal(pools.length, 4);
      for (const call of pools)
        for (const slot of [...readsOf(call), resultOf(call)])
          if (slot !== call.reads.workspace) assert.equal(slot.type, 'float32', call.name);
      const products = calls.filter(({ kind }) => /^convolution|matmul/.test(kind));
      for (const { name, reads } of products)
        assert.equal(reads.src?.type ?? reads.diffDst?.type, type, name);
    });
  });

test('the program in float16 differs from the one in bfloat16 only in the type', () => {
  const print = (type: ReducedType) =>
    programOf(graph, type).calls.map((call) => [
      printCall(call),
      ...[...readsOf(call), ...writesOf(call)].map((slot) => `${slot.name} ${slot.type}`),
    ]);
  assert.deepEqual(
    JSON.parse(JSON.stringify(print('bfloat16')).replaceAll('bfloat16', 'float16')),
    print('float16'),
  );
});

test('without chains, elementwise functions are fused only into convolutions and products', () => {
  const { calls } = programOf(graph, 'float32', { gaps: { kinds: [], chains: true } });
  const fused = calls.filter(({ postOps }) => postOps.length > 0);
  assert.ok(fused.length > 0);
  for (const { name, kind, postOps } of fused) {
    assert.match(kind, /^convolution_forward|matmul/, name);
    assert.ok(
      postOps.every((postOp) => 'unary' in postOp),
      name,
    );
  }
});
