/** Tests sessions on WebGPU, if this machine has it. The software adapter of Chromium is enough. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { newSharedGroup } from '../../../collective/shared-group.ts';
import { UsageError } from '../../../errors.ts';
import { buildEvaluationGraph } from '../../../evaluation/evaluation-graph.ts';
import type { Graph } from '../../../graph/graph.ts';
import { makeNetwork, networkNames } from '../../../model/networks.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import type { OptimizerName } from '../../../optimizer/optimizers.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { float32, scalar, type Tensor } from '../../../tensor/tensor.ts';
import { buildTrainingGraph } from '../../../training/training-graph.ts';
import { engineSupport } from '../../engines.ts';
import type { PrecisionOf } from '../../offers.ts';
import { compileGraph } from '../compile/compile.ts';
import { encodeModel } from '../compile/model.ts';
import { createOnnxEngine } from './onnx-engine.ts';
import { loadModel } from './onnx-runtime.ts';

const support = engineSupport('onnx', 'float32', 'webgpu');
const skip = 'why' in support ? support.why : false;
const inFloat16 = engineSupport('onnx', 'float16', 'webgpu');
const lacksFloat16 = 'why' in inFloat16 ? inFloat16.why : false;
const engine = createOnnxEngine(1, 'webgpu');

/** A step that adds x to `sum`, multiplies `scale` by 2, and leaves `fixed` as it is. */
function stepGraph(size: number): Graph {
  const builder = new GraphBuilder('step');
  const type = { dtype: 'float32', shape: [size] } as const;
  const x = builder.input('x', type);
  const sum = builder.variable('sum', type);
  const scale = builder.variable('scale', { dtype: 'float32', shape: [] });
  const fixed = builder.variable('fixed', type);
  const added = builder.op('Add', { a: sum, b: x }, {}, 'added');
  builder.update(sum, added);
  const two = builder.op('Constant', {}, { value: scalar(2) }, 'two');
  builder.update(scale, builder.op('Mul', { a: scale, b: two }, {}, 'doubled'));
  builder.output('total', builder.op('Sum', { x: added }, { axes: [0], keepDims: false }, 'total'));
  builder.watch('sum', sum);
  builder.watch('added', added);
  builder.watch('scaled', builder.op('Mul', { a: fixed, b: scale }, {}, 'scaled'));
  return builder.build();
}

/** A step that averages the squares of x, and a scalar, with other workers. */
function exchangeGraph(): Graph {
  const builder = new GraphBuilder('step');
  const type = { dtype: 'float32', shape: [3] } as const;
  const x = builder.input('x', type);
  const weights = builder.variable('weights', type);
  const square = builder.op('Mul', { a: x, b: x }, {}, 'square');
  const total = builder.op('Sum', { x: square }, { axes: [0], keepDims: false }, 'total');
  builder.result('exchanged', 'square', square);
  builder.result('exchanged', 'total', total);
  builder.output('total', total);
  const moved = builder.op('Add', { a: weights, b: x }, {}, 'moved');
  builder.update(weights, builder.op('Add', { a: moved, b: square }, {}, 'added'));
  builder.watch('weights', weights);
  builder.watch('square', square);
  builder.watch('moved', moved);
  return builder.build();
}

/** The models of a step and of an evaluation of a network, with those for watched values. */
function modelsOf(
  name: string,
  optimizer: OptimizerName,
  precision: PrecisionOf<'onnx'>,
): readonly Uint8Array[] {
  const network = makeNetwork(name, 10);
  const target = { device: 'webgpu', precision } as const;
  const hyperparameters = { ...tutorialHyperparameters, optimizer, clipNorm: 5, labelSmoothing: 0.1 };
  const { graph } = buildTrainingGraph({ network, batchSize: 2, hyperparameters });
  const compiled = [graph, buildEvaluationGraph(network, 2)].map((one) => compileGraph(one, target));
  return compiled.flatMap(({ model, watch }) => [model, ...(watch === undefined ? [] : [watch.model])]);
}

const filled = (size: number, value: number) => float32([size], new Float32Array(size).fill(value));
const first = (tensor: Tensor | undefined) => tensor?.data[0];

describe('a session on WebGPU', { skip }, () => {
  test('keeps variables on the device, where they can be written, read and watched', async () => {
    const session = await engine.compile(stepGraph(3));
    assert.deepEqual((await session.read()).get('scale'), scalar(0), 'variables start as zeros');
    await session.write(
      new Map<string, Tensor>([
        ['scale', scalar(1)],
        ['fixed', filled(3, 5)],
      ]),
    );
    const feeds = new Map([['x', filled(3, 1)]]);
    assert.equal(first((await session.step(feeds)).get('total')), 3);
    const watched = await session.step(feeds, { watch: true });
    assert.deepEqual(
      ['total', 'sum', 'added', 'scaled'].map((name) => first(watched.get(name))),
      [6, 1, 2, 10],
      'watched values are those before the update',
    );
    await session.write(new Map([['sum', filled(3, 10)]]));
    assert.equal(first((await session.step(feeds)).get('total')), 33);
    const read = await session.read();
    assert.deepEqual(
      ['sum', 'scale', 'fixed'].map((name) => first(read.get(name))),
      [11, 8, 5],
    );
    await session.release();
  });

  test('frees the variables of earlier steps', async () => {
    const [size, steps] = [2 ** 18, 300];
    const session = await engine.compile(stepGraph(size));
    const feeds = new Map([['x', filled(size, 1)]]);
    for (let step = 0; step < 20; step++) await session.step(feeds, { watch: step === 10 });
    const before = process.memoryUsage.rss();
    for (let step = 0; step < steps; step++) await session.step(feeds, { watch: step % 50 === 0 });
    const grown = process.memoryUsage.rss() - before;
    await session.release();
    // Each step makes new values of 1 MB. Without an adapter of its own, the memory of the device is that of the process.
    assert.ok(grown < 100e6, `${(grown / 1e6).toFixed(0)} MB after ${steps} steps`);
  });

  test('takes turns with other sessions, and can be released while another one computes', async () => {
    const feeds = new Map([['x', filled(3, 1)]]);
    const run = async (steps: number) => {
      const session = await engine.compile(stepGraph(3));
      for (let step = 1; step <= steps; step++)
        assert.equal(first((await session.step(feeds, { watch: step % 10 === 0 })).get('total')), 3 * step);
      await session.release();
    };
    await Promise.all([run(150), run(100), run(50)]);
  });

  test('takes part in an exchange, with watched values and carried values', async () => {
    const results = [];
    for (const one of [engine, createOnnxEngine(1, 'cpu')]) {
      const group = { kind: 'threads', memory: newSharedGroup(1), rank: 0 } as const;
      const session = await one.compile(exchangeGraph(), { exchange: { group, weight: 1 } });
      const feeds = new Map([['x', filled(3, 3)]]);
      const steps = [await session.step(feeds, { watch: true }), await session.step(feeds)];
      results.push([...steps, await session.read()].map((tensors) => [...tensors].sort()));
      await session.release();
    }
    assert.deepEqual(results[0], results[1]);
  });

  test('refuses a model with an operator that WebGPU lacks, instead of computing it on the CPU', async () => {
    const matrix = { name: 'x', dtype: 'float32', shape: [2, 2] } as const;
    const model = encodeModel({
      name: 'determinant',
      inputs: [matrix],
      outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
      nodes: [{ opType: 'Det', inputs: ['x'], outputs: ['y'], attributes: {} }],
      initializers: new Map(),
    });
    await (await loadModel(model, { threads: 1, device: 'cpu' })).release();
    await assert.rejects(loadModel(model, { threads: 1, device: 'webgpu' }), /CPU EP/);
  });

  for (const network of networkNames)
    for (const [optimizer, precision, missing] of [
      ['adam', 'float32', false],
      ['muon', 'float16', lacksFloat16],
    ] as const) {
      const title = `${network} with ${optimizer} in ${precision}`;
      test(`computes every operator of ${title} on the device`, { skip: missing }, async () => {
        // A model with an operator that WebGPU lacks cannot be loaded.
        for (const model of modelsOf(network, optimizer, precision)) {
          const loaded = await loadModel(model, { threads: 1, device: 'webgpu' });
          await loaded.release();
        }
      });
    }

  test('has a kernel on the device for every node of a step', async () => {
    const network = makeNetwork('resnet', 10, { depth: 8 });
    const { graph } = buildTrainingGraph({ network, batchSize: 2, hyperparameters: tutorialHyperparameters });
    const session = await engine.compile(graph);
    const kernels = await session.placement();
    await session.release();
    assert.ok(kernels.length > 200, `${kernels.length}`);
    assert.deepEqual([...new Set(kernels.map(({ device }) => device))], ['/device:GPU:0']);
  });

  test('does not crash the process that ends while it computes', () => {
    const { status, signal } = spawnSync(process.execPath, [
      '--input-type=module',
      '-e',
      `const { createOnnxEngine } = await import(${JSON.stringify(new URL('./onnx-engine.js', import.meta.url).href)});
       const { GraphBuilder } = await import(${JSON.stringify(new URL('../../../ops/builder.js', import.meta.url).href)});
       const builder = new GraphBuilder('step');
       const x = builder.input('x', { dtype: 'float32', shape: [1] });
       builder.output('y', builder.op('Add', { a: x, b: x }, {}, 'sum'));
       const graph = builder.build();
       const session = await createOnnxEngine(1, 'webgpu').compile(graph);
       const feeds = new Map([['x', { dtype: 'float32', shape: [1], data: new Float32Array(1) }]]);
       setTimeout(() => process.exit(7), 200);
       for (;;) await session.step(feeds);`,
    ]);
    assert.deepEqual([status, signal], [7, null]);
  });
});

test('several towers on WebGPU in one process are refused, with the alternative', async () => {
  const group = { kind: 'threads', memory: newSharedGroup(2), rank: 0 } as const;
  await assert.rejects(engine.compile(stepGraph(3), { exchange: { group, weight: 0.5 } }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /`device: webgpu` allows 1 tower in a process, .*MPI job instead, such as mpirun -np 2/,
    );
    return true;
  });
});
