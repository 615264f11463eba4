import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../../../ops/builder.ts';
import { float32 } from '../../../tensor/tensor.ts';
import { createOnnxEngine } from './onnx-engine.ts';
import { partTimes } from './profile.ts';

test('partTimes reads the kernels of a trace in order, with their median times', () => {
  const event = (name: string, dur: number) => ({
    cat: 'Node',
    name,
    dur,
    args: { op_name: 'Gemm', provider: 'CPU' },
  });
  const trace = [
    { cat: 'Session', name: 'model_run', dur: 9000 },
    event('a_kernel_time', 3000),
    event('b_kernel_time', 500),
    event('a_fence_before', 1),
    event('a_kernel_time', 1000),
    event('a_kernel_time', 2000),
  ];
  assert.deepEqual(partTimes(JSON.stringify(trace)), [
    { op: 'Gemm', name: 'a', code: 'CPU', millis: 2, fastest: 1 },
    { op: 'Gemm', name: 'b', code: 'CPU', millis: 0.5, fastest: 0.5 },
  ]);
});

test('partTimes prefers the times of the GPU, and adds up the programs of a node', () => {
  const node = (name: string) => ({
    cat: 'Node',
    name: `${name}_kernel_time`,
    dur: 7,
    args: { op_name: 'Conv' },
  });
  const program = (name: string, dur: number) => ({ cat: 'Api', name: `${name}&Conv&Part`, dur });
  const trace = [
    ...[node('a'), node('view'), node('a'), node('view'), node('a'), node('view')],
    ...[program('a', 900), program('a', 100), program('a', 2000), program('a', 1000), program('a', 1500)],
    program('a', 500),
  ];
  assert.deepEqual(partTimes(JSON.stringify(trace)), [
    { op: 'Conv', name: 'a', code: '', millis: 2, fastest: 1 },
    { op: 'Conv', name: 'view', code: '', millis: 0, fastest: 0 },
  ]);
});

test('a session can only be profiled if it was compiled for profiling', async () => {
  const builder = new GraphBuilder('root');
  const x = builder.input('x', { dtype: 'float32', shape: [4] });
  builder.output('y', builder.op('Sqrt', { x }, {}, 'root'));
  const graph = builder.build();
  const feeds = new Map([['x', float32([4], [1, 4, 9, 16])]]);
  const plain = await createOnnxEngine(1).compile(graph);
  await assert.rejects(plain.profile(feeds, 2), /was not compiled with profiling/);
  await plain.release();
  const profiled = await createOnnxEngine(1).compile(graph, { profiling: true });
  const parts = await profiled.profile(feeds, 2);
  assert.ok(
    parts.some(({ op }) => op === 'Sqrt'),
    JSON.stringify(parts),
  );
  await profiled.release();
});
