import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gradients } from '../../autodiff/gradients.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { type CallKind, slotDims } from '../../ops/primitives.ts';
import { withoutWatched } from '../../passes/watch.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, type Shape, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engineCase, onednnVariants, plannedPrecisions } from '../../testing/engines.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';
import type { Engine, Precision } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import { createOnnxEngine } from '../onnx/runtime/onnx-engine.ts';
import { planOf as compile, programOf } from './compile.ts';
import { describeCall } from './describe.ts';
import { Execution } from './execution.ts';
import { Onednn } from './native/onednn.ts';
import { placeBuffers } from './placement.ts';
import { printCall } from './program.ts';

const { skip, create } = engineCase('onednn');
const network = tutorialNetwork(10);
const batchSize = 16;
const training = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });

function feeds(step: number) {
  const stream = new RandomStream(step, 'test');
  const all = [batchSize, ...network.imageShape];
  return new Map<string, Tensor>([
    [
      'images',
      float32(
        all,
        Float32Array.from({ length: sizeOf(all) }, () => stream.normal()),
      ),
    ],
    [
      'labels',
      {
        dtype: 'int32',
        shape: [batchSize],
        data: Int32Array.from({ length: batchSize }, () => stream.below(10)),
      },
    ],
    ['learning_rate', scalar(0.1)],
    ['moving_average_decay', scalar(0.9)],
  ]);
}

async function run(engine: Engine, steps: number) {
  const session = await engine.compile(training.graph);
  await session.write(initialVariables(training, 0));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(Number((await session.step(feeds(step))).get('total_loss')?.data[0]));
  }
  const variables = await session.read();
  await session.release();
  return { losses, variables };
}

function make(threads: number, precision: Precision): Engine {
  assert.ok(create);
  return create(threads, precision);
}

for (const { precision, skip: missing } of onednnVariants) {
  for (const threads of [1, 2]) {
    test(`two runs are bit-identical: ${precision}, ${threads} threads`, { skip: missing }, async () => {
      const [one, other] = [await run(make(threads, precision), 4), await run(make(threads, precision), 4)];
      assert.deepEqual(one.losses, other.losses);
      for (const [name, { data }] of one.variables)
        assert.deepEqual(other.variables.get(name)?.data, data, name);
    });
  }
}

test('a sum of 100 values, which is too long a chain for one oneDNN call, is computed', {
  skip,
}, async () => {
  const builder = new GraphBuilder('sum');
  const values = Array.from({ length: 100 }, (_, index) => index);
  const terms = values.map((value) => builder.input(`x${value}`, scalar(0)));
  builder.output(
    'sum',
    terms.reduce((a, b) => builder.op('Add', { a, b })),
  );
  const session = await create(1).compile(builder.build());
  try {
    const found = await session.step(new Map(values.map((value) => [`x${value}`, scalar(value)])));
    assert.equal(found.get('sum')?.data[0], 4950);
  } finally {
    await session.release();
  }
});

test('losses match those of the ONNX engine, within 1e-6 for the first steps and 1e-3 later', {
  skip,
}, async () => {
  const [ours, theirs] = [await run(make(2, 'float32'), 20), await run(createOnnxEngine(2), 20)];
  ours.losses.forEach((loss, step) => {
    const other = theirs.losses[step] ?? Number.NaN;
    const distance = Math.abs(loss - other) / other;
    assert.ok(distance <= (step < 5 ? 1e-6 : 1e-3), `step ${step}: ${loss} and ${other}`);
  });
});

for (const rounding of onednnVariants.filter(({ precision }) => precision !== 'float32'))
  test(`losses in ${rounding.precision} are within 1% of those in float32`, {
    skip: rounding.skip,
  }, async () => {
    const [rounded, exact] = [await run(rounding.create(2), 10), await run(make(2, 'float32'), 10)];
    rounded.losses.forEach((loss, step) => {
      const other = exact.losses[step] ?? Number.NaN;
      assert.ok(Math.abs(loss - other) / other <= 0.01, `step ${step}: ${loss} and ${other}`);
    });
    assert.notDeepEqual(rounded.losses, exact.losses);
  });

for (const channels of [6, 8, 12, 24]) {
  test(`pooling ${channels} channels, which do not fill whole blocks, gives the same result as the ONNX engine`, {
    skip,
  }, async () => {
    const builder = new GraphBuilder('pooled');
    const x = builder.input('x', { dtype: 'float32', shape: [2, 3, 8, 8] });
    const filter = builder.input('filter', { dtype: 'float32', shape: [channels, 3, 5, 5] });
    const convolved = builder.op('Conv2D', { x, filter }, { padding: 'SAME' });
    const pooled = builder.op('MaxPool', { x: convolved }, { size: 3, stride: 2, padding: 'SAME' });
    builder.output('y', builder.op('Square', { x: pooled }));
    const graph = builder.build();
    const stream = new RandomStream(0, 'test');
    const given = new Map(
      [...graph.inputs].map(([name, { shape }]) => {
        return [
          name,
          float32(
            shape,
            Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
          ),
        ];
      }),
    );
    const results = [];
    for (const engine of [make(2, 'float32'), createOnnxEngine(1)]) {
      const session = await engine.compile(graph);
      results.push((await session.step(given)).get('y'));
      await session.release();
    }
    const [ours, theirs] = results;
    assert.ok(theirs);
    assertClose(ours, theirs, 1e-5, 'y');
  });
}

test('two variables can swap values: each update reads the old value of the other', { skip }, () => {
  const builder = new GraphBuilder('swap');
  const type = { dtype: 'float32', shape: [2] } as const;
  const [a, b] = [builder.variable('a', type), builder.variable('b', type)];
  builder.update(a, b);
  builder.update(b, a);
  const execution = new Execution(builder.build(), 1, 'float32');
  execution.write(
    new Map([
      ['a', float32([2], [1, 2])],
      ['b', float32([2], [10, 20])],
    ]),
  );
  execution.step(new Map());
  const after = execution.read();
  execution.close();
  assert.deepEqual([...(after.get('a')?.data ?? [])], [10, 20]);
  assert.deepEqual([...(after.get('b')?.data ?? [])], [1, 2]);
});

describe('an update that no call computes', { skip }, () => {
  const shape = [32, 16, 3, 3];
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, index) => index);
  const type = (dims: readonly number[]) => ({ dtype: 'float32', shape: dims }) as const;
  /** Runs one step and returns the variable afterwards, and the outputs. */
  const after = (builder: GraphBuilder, variable: string) => {
    const graph = builder.build();
    const execution = new Execution(graph, 1, 'float32');
    const given = [...graph.inputs].map(([name, { shape: dims }]) => {
      return [
        name,
        float32(
          dims,
          Float32Array.from({ length: sizeOf(dims) }, (_, index) => index % 7),
        ),
      ] as const;
    });
    const outputs = execution.step(new Map(given));
    const value = execution.read().get(variable)?.data;
    execution.close();
    return { value, y: outputs.get('y')?.data };
  };
  const convolved = (builder: GraphBuilder, filter: Value) => {
    const x = builder.op('Relu', { x: builder.input('x', type([2, 16, 8, 8])) });
    const y = builder.op('Conv2D', { x, filter }, { padding: 'SAME' });
    builder.output('y', y);
    return y;
  };
  test('and that is a constant is reordered to the layout of its variable', () => {
    const builder = new GraphBuilder('constant');
    const filter = builder.variable('filter', type(shape));
    convolved(builder, filter);
    builder.update(filter, builder.op('Constant', {}, { value: float32(shape, values) }));
    assert.deepEqual(after(builder, 'filter').value, values);
  });
  test('and that is a result with different dims is reordered to row-major', () => {
    const builder = new GraphBuilder('reshaped');
    const flat = builder.variable('flat', type([2, 32 * 64]));
    const y = convolved(builder, builder.input('filter', type(shape)));
    builder.update(flat, builder.op('Reshape', { x: y }, { shape: [2, 32 * 64] }));
    const { value, y: expected } = after(builder, 'flat');
    assert.deepEqual(value, expected);
  });
});

describe('the plan of a training step', { skip }, () => {
  const plan = (precision: PrecisionOf<'onednn'>, graph: Graph = training.graph) => {
    const onednn = new Onednn(2);
    const made = compile(onednn, programOf(graph, precision));
    onednn.release();
    return made;
  };
  for (const { precision, skip: missing } of onednnVariants) {
    test(`reorders at most six tensors in ${precision}`, { skip: missing }, () => {
      const reorders = plan(precision).steps.filter(({ op, watched }) => op === 'Reorder' && !watched);
      assert.ok(reorders.length <= 6, reorders.map(({ name }) => name).join());
    });
    test(`runs no large primitive in oneDNN's reference code in ${precision}`, { skip: missing }, () => {
      const slow = plan(precision).steps.filter(
        ({ implementation, small }) => /\bref\b/.test(implementation) && !small,
      );
      assert.deepEqual(
        slow.map(({ name }) => name),
        [],
      );
    });
  }
  test('has the same calls, primitives and in-place updates with and without watched values', () => {
    for (const precision of plannedPrecisions) {
      const [watched, alone] = [training.graph, withoutWatched(training.graph)].map((graph) => {
        const schedule = plan(precision, graph);
        return {
          calls: programOf(graph, precision).calls.map(printCall),
          steps: schedule.steps
            .filter((step) => !step.watched)
            .map(({ text, implementation }) => `${text} ${implementation}`),
          copied: placeBuffers(schedule).copied,
        };
      });
      assert.deepEqual(watched, alone);
    }
  });
  test('updates a variable in place even if its old and new value are watched', () => {
    const builder = new GraphBuilder('difference');
    const v = builder.variable('v', { dtype: 'float32', shape: [64] });
    const added = builder.op('Add', { a: v, b: builder.op('Sqrt', { x: v }) });
    builder.update(v, added);
    builder.watch('change', builder.op('Sub', { a: added, b: v }));
    builder.watch('v', v);
    const execution = new Execution(builder.build(), 1, 'float32');
    execution.write(new Map([['v', float32([64], new Float32Array(64).fill(9))]]));
    const seen = execution.step(new Map(), true);
    const copies = execution.profile(new Map(), 1).filter(({ op }) => op === 'Update');
    execution.close();
    assert.deepEqual([seen.get('change')?.data[63], seen.get('v')?.data[63]], [3, 9]);
    assert.deepEqual(copies, []);
  });
  test('recomputes only a ReLU, weight decays of copied weights and transposed images for watched steps, but no product', () => {
    const again = programOf(training.graph, 'float32').watchedCalls.map(({ kind }) => kind);
    const times = (kind: CallKind) => again.filter((one) => one === kind).length;
    assert.deepEqual([times('eltwise_forward'), times('binary'), times('copy')], [1, 2 * 5, 2 * 2 + 5]);
    assert.equal(again.length, 20);
  });
  test('updates variables in place, without copies at the end', () => {
    const execution = new Execution(training.graph, 2, 'float32');
    const copies = execution.profile(feeds(0), 1).filter(({ op }) => op === 'Update');
    execution.close();
    assert.deepEqual(copies, []);
  });
});

/** Builds one step of a residual block with batch normalization and smooth activations, followed by a pool and a mean. */
function residualStep(channels: number): Graph {
  const builder = new GraphBuilder('residual');
  const { op } = builder;
  const variable = (name: string, shape: Shape) => builder.variable(name, { dtype: 'float32', shape });
  const images = builder.input('images', { dtype: 'float32', shape: [16, 3, 32, 32] });
  const filters = [
    variable('filter1', [channels, 3, 3, 3]),
    variable('filter2', [channels, channels, 3, 3]),
  ] as const;
  const affine = [0, 1].map((layer) => ({
    scale: variable(`scale${layer}`, [channels]),
    offset: variable(`offset${layer}`, [channels]),
  }));
  const layer = (x: Value, index: 0 | 1) => {
    const convolved = op('Conv2D', { x, filter: filters[index] }, { padding: 'SAME' });
    const { scale = x, offset = x } = affine[index] ?? {};
    return builder.outputsOf('FusedBatchNormV3', { x: convolved, scale, offset }, { epsilon: 1e-5 }).y;
  };
  const first = op('Relu', { x: layer(images, 0) });
  const second = layer(op('Gelu', { x: first }, { approximate: false }), 1);
  const sum = op('Silu', { x: op('Add', { a: second, b: first }) });
  const pooled = op('AvgPool', { x: sum }, { size: 3, stride: 2, padding: 'SAME' });
  const loss = op('L2Loss', { x: op('Mean', { x: pooled }, { axes: [2, 3], keepDims: false }) });
  const learned = [...filters, ...affine.flatMap(({ scale, offset }) => [scale, offset])];
  gradients(builder, loss, learned).forEach((gradient, index) => {
    const value = learned[index];
    if (value !== undefined) builder.update(value, op('Sub', { a: value, b: gradient }));
  });
  builder.output('loss', loss);
  return builder.build();
}

describe('the plan of a step with batch normalization', { skip }, () => {
  for (const channels of [16, 64]) {
    test(`keeps images of ${channels} channels in the layout of the convolutions and runs no reference code`, () => {
      const onednn = new Onednn(2);
      const { steps } = compile(onednn, programOf(residualStep(channels), 'float32'));
      onednn.release();
      const slow = steps.filter(({ implementation }) => /\bref\b/.test(implementation));
      assert.deepEqual(
        slow.map(({ text }) => text),
        [],
      );
      // Three tensors are row-major: the mean over images, its gradient, and a filter that a convolution's gradient reads.
      const reorders = steps.filter(({ op }) => op === 'Reorder').map(({ name }) => name);
      assert.ok(reorders.length <= 3, reorders.join());
    });
  }
});

test('an error about a primitive contains the operator, the shapes and the status that oneDNN returned', {
  skip,
}, () => {
  const onednn = new Onednn(1);
  const slot = { name: 'x', dims: slotDims([2, 3]), type: 'float32' } as const;
  const call = {
    op: 'Sum',
    name: 'loss/Sum',
    kind: 'reduction',
    reads: { src: slot },
    writes: { dst: { ...slot, name: 'y' } },
    parameters: { reduction: 'sum' },
    postOps: [],
  } as const;
  assert.throws(
    () => describeCall(onednn, call, ({ dims, type }) => onednn.tensor(dims, type, [3, 1])),
    /oneDNN [\d.]+ does not support loss\/Sum: reduction\(src: x\) → float32 \[2, 3\]: .*: invalid arguments/,
  );
  onednn.release();
});

describe('when oneDNN cannot be used', () => {
  const module = new URL('./onednn-engine.js', import.meta.url);
  const attempt = (environment: Readonly<Record<string, string>>, precision: Precision) => {
    const script = `import(${JSON.stringify(module.href)})
      .then(({ createOnednnEngine }) => createOnednnEngine({ precision: '${precision}' }))
      .then(() => console.log('works'), ({ message }) => console.log(message));`;
    const env = { ...process.env, ...environment };
    return spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim();
  };

  test('the error for a missing library contains its name and what to install', () => {
    const said = attempt({ CIFAR10_ONEDNN: '/nowhere/libdnnl.so.3' }, 'float32');
    assert.match(said, /^oneDNN not found \(.*\/nowhere\/libdnnl\.so\.3.*\)\. Install oneDNN/);
  });
  test('a library other than oneDNN is refused', { skip: process.platform !== 'linux' }, () => {
    const said = attempt({ CIFAR10_ONEDNN: 'libm.so.6' }, 'float32');
    assert.match(
      said,
      /libm\.so\.6 has no function dnnl_version: it is not oneDNN 2\.6 or later\)\. Install/,
    );
  });
  const withIsa = (isa: string) => ({ ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa });
  test('bfloat16 is refused on a CPU that would emulate it, and the error names an alternative and a way to measure it', {
    skip: skip || (plannedPrecisions.includes('bfloat16') ? false : 'this CPU has no AVX-512'),
  }, () => {
    const said = attempt(withIsa('AVX512_CORE'), 'bfloat16');
    assert.match(
      said,
      /^this CPU has no fast bfloat16 instructions, .* Use `precision: float32`; .*cifar10.* bench --engine onednn --precision bfloat16 measures/,
    );
  });
  test('bfloat16 is refused on a CPU that cannot even emulate it, and the error does not suggest to measure it', {
    skip,
  }, () => {
    const said = attempt(withIsa('AVX2'), 'bfloat16');
    assert.match(
      said,
      /^this CPU has no bfloat16 instructions that oneDNN [\d.]+ can train with \(it uses AVX2 \(avx2\); .*\. Use `precision: float32`\.$/,
    );
    assert.doesNotMatch(said, /measures/);
    assert.equal(attempt(withIsa('AVX2'), 'float32'), 'works');
  });
});

test('a process that has computed something exits without crashing', { skip }, () => {
  const script = fileURLToPath(new URL('./onednn-engine.js', import.meta.url));
  const builder = new URL('../../ops/builder.js', import.meta.url).href;
  const code = `
    const [{ createOnednnEngine }, { GraphBuilder }] = await Promise.all([import(${JSON.stringify(script)}), import('${builder}')]);
    const builder = new GraphBuilder('relu');
    const x = builder.input('x', { dtype: 'float32', shape: [64, 640] });
    builder.output('y', builder.op('Relu', { x }));
    const graph = builder.build();
    for (let i = 0; i < 3; i++) {
      const session = await createOnednnEngine({ threads: 2 }).compile(graph);
      await session.step(new Map([['x', { dtype: 'float32', shape: [64, 640], data: new Float32Array(64 * 640) }]]));
      if (i < 2) await session.release();
      else process.exit(7);
    }`;
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-onednn-'));
  const file = join(folder, 'leave.mjs');
  writeFileSync(file, code);
  const { status, signal } = spawnSync(process.execPath, [file]);
  rmSync(folder, { recursive: true });
  assert.deepEqual([status, signal], [7, null]);
});
