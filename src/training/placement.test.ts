import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../ops/builder.ts';
import { scalar } from '../tensor/tensor.ts';
import { devicesOf, type PlacedNode, placedNodes } from './placement.ts';

/** A graph with a node whose path is the beginning of that of another. */
function smallGraph() {
  const builder = new GraphBuilder('small');
  const { op } = builder;
  const w = builder.variable('w', { dtype: 'float32', shape: [4] });
  const rate = op('Constant', {}, { value: scalar(2) }, 'rate');
  const product = op('Mul', { a: w, b: w }, {}, 'layer/Mul');
  builder.update(w, op('Mul', { a: product, b: rate }, {}, 'train/w'));
  builder.output('y', op('Add', { a: product, b: w }, {}, 'train/w/avg'));
  return builder.build();
}

const kernel = (name: string, op: string, fused: readonly string[] = []) => ({
  ...{ name, op, fused, kernel: 'jit', device: '/device:CPU:0' },
});
const session = (...kernels: readonly ReturnType<typeof kernel>[]) => ({ placement: async () => kernels });

test('a kernel belongs to the node with the longest path, and what it was fused with is listed', async () => {
  const kernels = [
    kernel('layer/Mul', 'Mul', ['train/w/2']),
    kernel('train/w/avg/2', 'Add'),
    kernel('train/w', 'Reorder'),
    kernel('Transpose_1', 'Transpose'),
  ];
  const nodes = await placedNodes(session(...kernels), smallGraph(), 'onednn');
  assert.deepEqual(
    nodes.map(({ name, layer, kernel: code, fusedInto }) => [name, layer, code, fusedInto]),
    [
      ['rate', 'rate', null, null],
      ['layer/Mul', 'layer', 'jit', null],
      ['train/w/avg/2', 'update', 'jit', null],
      ['train/w', 'update', 'jit', null],
      ['train/w', 'update', 'jit', 'layer/Mul'],
      ['Transpose_1', 'inserted by the engine', 'jit', null],
    ],
  );
});

test('with several devices, a node has the device of its kernel, and what has no kernel has none', () => {
  const placed = (name: string, device: string | null): PlacedNode => ({
    ...{ name, op: 'Add', layer: 'a', engine: 'onnx', kernel: device && 'code', device, fusedInto: null },
  });
  const part = (...nodes: readonly PlacedNode[]) => ({ towers: ['tower_0'], images: 1, threads: 1, nodes });
  const about = { engine: 'onnx', library: 'x', precision: 'float32' } as const;
  const [cpu, gpu] = ['/device:CPU:0', '/device:GPU:0'];
  const both = devicesOf({
    ...about,
    parts: [part(placed('a/b/c', gpu), placed('a/b', cpu), placed('d/Add', gpu), placed('e', null))],
  });
  assert.deepEqual(['a/b', 'a/b/c', 'd', 'e', 'images'].map(both), [cpu, gpu, gpu, undefined, undefined]);
  const one = devicesOf({ ...about, parts: [part(placed('a', cpu), placed('e', null))] });
  assert.deepEqual(['a', 'e', 'images'].map(one), [cpu, cpu, cpu]);
});
