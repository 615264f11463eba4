import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Graph, Value } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { allVariants } from '../testing/engines.ts';
import { computeGraph, reference } from '../testing/reference.ts';
import type { Engine, Tensors } from './engine.ts';

const attributes = { stride: 1, padding: 'SAME' } as const;
const pool = { size: 2, stride: 2, padding: 'VALID' } as const;

const imagesOf = (channels: number) => [2, channels, 6, 6];

/** Builds a step whose convolutions and pools choose layouts, and whose variables change. */
function step(
  channels: number,
  watch: (builder: GraphBuilder, values: Readonly<Record<string, Value>>) => void,
): Graph {
  const b = new GraphBuilder('step');
  const x = b.input('x', { dtype: 'float32', shape: imagesOf(channels) });
  const filter = b.variable('filter', { dtype: 'float32', shape: [channels, channels, 3, 3] });
  const bias = b.variable('bias', { dtype: 'float32', shape: [channels] });
  const counter = b.variable('counter', { dtype: 'float32', shape: [] });
  const convolved = b.op('Conv2D', { x, filter }, attributes);
  const biased = b.op('BiasAdd', { x: convolved, bias });
  const relu = b.op('Relu', { x: biased });
  const pooled = b.op('MaxPool', { x: relu }, pool);
  const total = b.op('Sum', { x: pooled }, { axes: [0, 1, 2, 3], keepDims: false });
  const decay = b.op('Constant', {}, { value: { dtype: 'float32', shape: [], data: Float32Array.of(0.01) } });
  const gradient = b.op('Mul', { a: filter, b: decay });
  b.update(filter, b.op('Sub', { a: filter, b: gradient }));
  b.update(bias, b.op('Add', { a: bias, b: b.op('BiasAddGrad', { dy: pooled }) }));
  b.update(counter, total);
  b.output('total', total);
  watch(b, { x, filter, bias, counter, convolved, biased, relu, pooled, total, gradient });
  return b.build();
}

/** Watches every value of the step, and values derived from them in other shapes. */
const watchedStep = (channels: number) =>
  step(channels, (b, values) => {
    for (const [name, value] of Object.entries(values)) if (name !== 'total') b.watch(name, value);
    const { relu, pooled, convolved, total } = values;
    if (!relu || !pooled || !convolved || !total) return;
    b.watch('total again', total);
    b.watch('rows', b.op('Reshape', { x: relu }, { shape: [2 * channels, 36] }));
    b.watch('turned', b.op('Transpose', { x: relu }, { order: [2, 3, 0, 1] }));
    b.watch('turned pool', b.op('Transpose', { x: b.op('Relu', { x: pooled }) }, { order: [0, 2, 3, 1] }));
    b.watch('columns', b.op('Reshape', { x: b.op('Neg', { x: convolved }) }, { shape: [2, channels, 36] }));
  });

function values(seed: number, shape: readonly number[]): Tensor {
  const stream = new RandomStream(seed, 'test');
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.normal() / 4),
  );
}

/** Runs steps from the initial variables. Returns the result of each step and the final variables. */
async function run(engine: Engine, graph: Graph, watched: readonly boolean[]) {
  const session = await engine.compile(graph);
  try {
    const start = [...graph.variables].map(
      ([name, { shape }], index) => [name, values(index, shape)] as const,
    );
    await session.write(new Map(start));
    const returned: Tensors[] = [];
    for (const [index, watch] of watched.entries()) {
      const feeds = [...graph.inputs].map(([name, { shape }]) => [name, values(10 + index, shape)] as const);
      returned.push(await session.step(new Map(feeds), { watch }));
    }
    return { returned, end: await session.read() };
  } finally {
    await session.release();
  }
}

for (const { title, missing, create, tolerance } of allVariants) {
  describe(`watching a step of ${title}`, { skip: missing }, () => {
    // Some numbers of channels fill blocks of 16, others would need padding.
    for (const channels of [32, 6]) {
      const graph = watchedStep(channels);

      test(`returns watched values of ${channels} channels as they were before the variables change`, async () => {
        const { returned } = await run(create(2), graph, [false, true]);
        assert.deepEqual(
          [...(returned[0]?.keys() ?? [])],
          ['total'],
          'a step that is not watched returns only its outputs',
        );
        // The second step starts from the variables that the first step wrote.
        const { end } = await run(create(2), graph, [false]);
        const given = [...end, ['x', values(11, imagesOf(channels))] as const];
        const expected = computeGraph(graph, new Map(given.map(([key, value]) => [key, reference(value)])));
        const found = returned[1];
        assert.deepEqual(
          [...(found?.keys() ?? [])].sort(),
          ['total', ...graph.results.watched.keys()].sort(),
        );
        for (const key of graph.results.watched.keys()) {
          const value = expected.get(`watched ${key}`);
          assert.ok(value !== undefined);
          assertClose(found?.get(key), value, tolerance, key);
        }
        assert.deepEqual(
          found?.get('filter'),
          end.get('filter'),
          'values that need no arithmetic are bit-identical',
        );
        assert.deepEqual(found?.get('x'), values(11, imagesOf(channels)));
        assert.deepEqual(found?.get('total again'), found?.get('total'));
      });

      test(`leaves every step with ${channels} channels bit-identical`, async () => {
        const plain = await run(create(2), graph, [false, false, false, false]);
        for (const watched of [
          [true, false, true, false],
          [true, true, true, true],
        ]) {
          const { returned, end } = await run(create(2), graph, watched);
          assert.deepEqual(end, plain.end);
          assert.deepEqual(
            returned.map((one) => one.get('total')),
            plain.returned.map((one) => one.get('total')),
          );
        }
      });
    }

    test('returns only the outputs if the graph has no watched values', async () => {
      const { returned } = await run(
        create(2),
        step(6, () => undefined),
        [true],
      );
      assert.deepEqual([...(returned[0]?.keys() ?? [])], ['total']);
    });

    test('returns copies that later steps do not change', async () => {
      const { returned } = await run(create(2), watchedStep(6), [true, true]);
      const { returned: alone } = await run(create(2), watchedStep(6), [true]);
      assert.deepEqual(returned[0], alone[0]);
    });

    test('accepts any name for a watched value', async () => {
      const names = ['relu', 'watched/relu', 'computed/relu', 'relu/Relu', 'x/updated', 'relu/watched'];
      for (const output of names) {
        for (const watched of names.filter((other) => other !== output)) {
          const b = new GraphBuilder('names');
          const x = b.input('x', { dtype: 'float32', shape: [2] });
          const relu = b.op('Relu', { x }, {}, 'relu');
          b.output(output, b.op('Square', { x: relu }));
          b.watch(watched, relu);
          b.watch('negative', b.op('Neg', { x: relu }));
          const { returned } = await run(create(2), b.build(), [true]);
          const given = values(10, [2]).data as Float32Array;
          const positive = given.map((value) => Math.max(0, value));
          assertClose(
            returned[0]?.get(watched),
            { shape: [2], data: Float64Array.from(positive) },
            tolerance,
            watched,
          );
          const square = Float64Array.from(positive, (value) => value * value);
          assertClose(returned[0]?.get(output), { shape: [2], data: square }, tolerance, output);
        }
      }
    });
  });
}
