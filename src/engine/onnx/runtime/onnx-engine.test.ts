import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSharedGroup } from '../../../collective/shared-group.ts';
import { GraphError } from '../../../errors.ts';
import { tutorialNetwork } from '../../../model/networks/tutorial.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { buildTrainingGraph } from '../../../training/training-graph.ts';
import { createOnnxEngine } from './onnx-engine.ts';

test('variables of every type can be written and read', async () => {
  const values = new Map<string, Tensor>([
    ['float32', float32([2], [0.5, -1])],
    ['int32', { dtype: 'int32', shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
    ['int64', { dtype: 'int64', shape: [2], data: BigInt64Array.of(-7n, 2n ** 62n) }],
    ['bool', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
  ]);
  const b = new GraphBuilder('types');
  for (const [name, type] of values) b.variable(name, type);
  const first = b.variable('float32', { dtype: 'float32', shape: [2] });
  b.output('negative', b.op('Neg', { x: first }));
  const session = await createOnnxEngine(1).compile(b.build());
  try {
    await session.write(values);
    assert.deepEqual((await session.step(new Map())).get('negative'), float32([2], [-0.5, 1]));
    assert.deepEqual(await session.read(), values);
  } finally {
    await session.release();
  }
});

test('local response normalization with an exponent other than the tutorial’s is refused, and the error names the supported one', async () => {
  const attributes = { depthRadius: 2, bias: 1, alpha: 0.1, beta: 0.5 };
  const type = { dtype: 'float32', shape: [1, 4, 2, 2] } as const;
  const b = new GraphBuilder('lrn');
  const x = b.input('x', type);
  const y = b.op('LRN', { x }, attributes, 'norm1');
  const refusal = (op: string, name: string) =>
    new GraphError(`${op} "${name}": beta is not supported by the ONNX engine: found 0.5, expected 0.75`);
  b.output('y', y);
  await assert.rejects(async () => createOnnxEngine(1).compile(b.build()), refusal('LRN', 'norm1'));
  const c = new GraphBuilder('gradient');
  const dy = c.input('dy', type);
  c.output('dx', c.op('LRNGrad', { x: dy, y: dy, dy }, attributes, 'slope'));
  await assert.rejects(async () => createOnnxEngine(1).compile(c.build()), refusal('LRNGrad', 'slope'));
});

test('the sum of a million squares is accurate to 1e-7', async () => {
  // The shapes of the weights of the tutorial's local3 and local4, and a shape whose number of rows is prime.
  const shapes = [
    [2304, 384],
    [384, 192],
    [1009, 31],
  ] as const;
  const b = new GraphBuilder('squares');
  const feeds = new Map<string, Tensor>();
  for (const [index, shape] of shapes.entries()) {
    const stream = new RandomStream(index, 'test');
    const values = Float32Array.from({ length: sizeOf(shape) }, () => 0.04 * stream.normal());
    feeds.set(`x${index}`, float32(shape, values));
    const x = b.input(`x${index}`, { dtype: 'float32', shape });
    b.output(`loss${index}`, b.op('L2Loss', { x }));
  }
  const session = await createOnnxEngine(2).compile(b.build());
  try {
    const losses = await session.step(feeds);
    for (const index of shapes.keys()) {
      const { data = new Float32Array() } = feeds.get(`x${index}`) ?? {};
      const exact = Float64Array.from(data, Number).reduce((sum, value) => sum + value ** 2, 0) / 2;
      const found = Number(losses.get(`loss${index}`)?.data[0]);
      assert.ok(Math.abs(found / exact - 1) <= 1e-7, `${shapes[index]}: ${found / exact - 1}`);
    }
  } finally {
    await session.release();
  }
});

test('sessions that train together are refused if there is not enough memory for all of them', async () => {
  const { graph } = buildTrainingGraph({
    ...{ network: tutorialNetwork(10), hyperparameters: tutorialHyperparameters, batchSize: 1 },
  });
  const sessions = 2 ** 20;
  const group = { kind: 'threads', memory: newSharedGroup(sessions, 1), rank: 0 } as const;
  await assert.rejects(
    createOnnxEngine(1).compile(graph, { exchange: { group, weight: 1 / sessions } }),
    /^RunError: out of memory: graph train on ONNX Runtime, in 1,048,576 sessions, needs .* but found /,
  );
});
