import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Value } from '../../graph/graph.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, float32Data, type Shape, sizeOf } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { onednnVariants } from '../../testing/engines.ts';
import { programOf } from './compile.ts';
import { lower } from './lower.ts';
import { type Program, printCall } from './program.ts';
import { splitChannelSums } from './split-channel-sums.ts';

const type = (shape: Shape) => ({ dtype: 'float32', shape }) as const;

/** Builds the sum of `dyOf(x)` over all axes except the channels. */
function sumOf(shape: Shape, dyOf: (builder: GraphBuilder, x: Value) => Value) {
  const builder = new GraphBuilder('sum');
  const dy = dyOf(builder, builder.input('x', type(shape)));
  builder.output('sum', builder.op('BiasAddGrad', { dy }, {}, 'bias_grad'));
  builder.output('dy', dy);
  return builder.build();
}

const same = (_: GraphBuilder, x: Value) => x;
const calls = (program: Program) => program.calls.map((call) => printCall(call));

describe('splitChannelSums', () => {
  test('computes a large sum per channel as means over each image, and their weighted sum', () => {
    const program = splitChannelSums(lower(sumOf([4, 16, 32, 16], same)));
    assert.deepEqual(calls(program), [
      'bias_grad/means: pooling_forward(src: x) → float32 [4, 16, 1, 1]',
      'bias_grad/rows: copy() → float32 [4, 16, 1, 1]',
      'bias_grad/total: matmul(src: bias_grad/cells, weights: bias_grad/rows) → float32 [1, 16]',
      'bias_grad: copy() → float32 [1, 16, 1, 1]',
    ]);
    assert.deepEqual(
      [...program.constants].map(([{ dims }, { data }]) => [dims, ...data]),
      [[[1, 4], 512, 512, 512, 512]],
    );
  });
  test('leaves small sums, and sums over other axes, unchanged', () => {
    const small = lower(sumOf([2, 16, 4, 4], same));
    assert.deepEqual(calls(splitChannelSums(small)), calls(small));
    const builder = new GraphBuilder('mean');
    const x = builder.input('x', type([4, 16, 32, 16]));
    builder.output('sum', builder.op('Sum', { x }, { axes: [2, 3], keepDims: false }));
    const other = lower(builder.build());
    assert.deepEqual(calls(splitChannelSums(other)), calls(other));
  });
  test('leaves a sum that is a result of a filter gradient to it', () => {
    const shape = [4, 16, 32, 16];
    const builder = new GraphBuilder('filter');
    const [x, dy] = [builder.input('x', type(shape)), builder.input('dy', type(shape))];
    const filterShape = [16, 16, 3, 3];
    builder.output('filter', builder.op('Conv2DBackpropFilter', { x, dy }, { padding: 'SAME', filterShape }));
    builder.output('bias', builder.op('BiasAddGrad', { dy }));
    const kinds = programOf(builder.build(), 'float32').calls.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['convolution_backward_weights']);
  });
});

for (const { title, create, tolerance, skip: missing } of onednnVariants)
  for (const channels of [6, 16, 24])
    for (const layout of ['row-major', 'chosen by a convolution'] as const)
      test(`large sums of ${channels} channels, ${layout}, are right: ${title}`, {
        skip: missing,
      }, async () => {
        const shape = [5, channels, 24, 20];
        const graph = sumOf(shape, (builder, x) => {
          if (layout === 'row-major') return x;
          const filter = builder.input('filter', type([channels, channels, 3, 3]));
          // The convolution of an input would be row-major.
          const smooth = builder.op('Gelu', { x }, { approximate: false });
          const convolved = builder.op('Conv2D', { x: smooth, filter }, { padding: 'SAME' });
          return builder.op('Gelu', { x: convolved }, { approximate: false });
        });
        const stream = new RandomStream(1, 'test');
        const feeds = new Map(
          [...graph.inputs].map(([name, { shape: dims }]) => {
            const data = Float32Array.from({ length: sizeOf(dims) }, () => stream.normal());
            return [name, float32(dims, data)];
          }),
        );
        const session = await create(2).compile(graph);
        const found = await session.step(feeds);
        await session.release();
        const dy = found.get('dy');
        assert.ok(dy);
        const sums = new Float64Array(channels);
        float32Data(dy).forEach((value, index) => {
          const channel = Math.floor(index / (24 * 20)) % channels;
          sums[channel] = (sums[channel] ?? 0) + value;
        });
        assertClose(found.get('sum'), { shape: [channels], data: sums }, Math.max(tolerance, 1e-5), 'sum');
      });
