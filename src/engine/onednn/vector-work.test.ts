import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../autodiff/gradients.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, type Shape, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engineCase } from '../../testing/engines.ts';
import type { Engine } from '../engine.ts';
import { createOnnxEngine } from '../onnx/runtime/onnx-engine.ts';
import { planOf, programOf } from './compile.ts';
import { Onednn } from './native/onednn.ts';
import { isVectorWork, keepsZeros } from './vector-work.ts';
import { neverWinograd, type WinogradRule, winogradRule } from './winograd-rule.ts';

const type = (shape: Shape) => ({ dtype: 'float32', shape }) as const;

describe('keepsZeros', () => {
  /** Returns what `keepsZeros` says about the last call of the fused program of f(x, y), where x and y are images. */
  const last = (f: (builder: GraphBuilder, x: Value, y: Value) => Value) => {
    const builder = new GraphBuilder('zeros');
    const [x, y] = [builder.input('x', type([2, 12, 4, 4])), builder.input('y', type([2, 12, 4, 4]))];
    builder.output('z', f(builder, x, y));
    const program = programOf(builder.build(), 'float32');
    const call = program.calls.at(-1);
    assert.ok(call);
    assert.ok(isVectorWork(call));
    return keepsZeros(call, program);
  };
  const number = (b: GraphBuilder, value: number) => b.op('Constant', {}, { value: scalar(value) });
  for (const [what, f] of Object.entries<Parameters<typeof last>[0]>({
    GELU: (b, x) => b.op('Gelu', { x }, { approximate: false }),
    'the gradient of GELU': (b, x, dy) => b.op('GeluGrad', { x, dy }, { approximate: false }),
    'a sum': (b, x, y) => b.op('Add', { a: x, b: y }),
    'a product with an unknown number': (b, x) => b.op('Mul', { a: x, b: b.input('rate', type([])) }),
    'a chain: (2x + y) · x': (b, x, y) =>
      b.op('Mul', { a: b.op('Add', { a: b.op('Mul', { a: x, b: number(b, 2) }), b: y }), b: x }),
    'a sum with the number 0': (b, x) => b.op('Add', { a: x, b: number(b, 0) }),
  }))
    test(`holds for ${what}`, () => assert.equal(last(f), true));
  for (const [what, f] of Object.entries<Parameters<typeof last>[0]>({
    'a comparison': (b, x, y) => b.op('GreaterEqual', { a: x, b: y }),
    'a quotient, which would be 0 / 0': (b, x, y) => b.op('Div', { a: x, b: y }),
    'a sum with an unknown number': (b, x) => b.op('Add', { a: x, b: b.input('rate', type([])) }),
    'a sum with the number 1': (b, x) => b.op('Add', { a: x, b: number(b, 1) }),
    'a chain that ends with 1 / (x + y)': (b, x, y) =>
      b.op('Div', { a: number(b, 1), b: b.op('Add', { a: x, b: y }) }),
  }))
    test(`does not hold for ${what}`, () => assert.equal(last(f), false));
});

const { skip, create } = engineCase('onednn');

/** Builds gradients of two convolutions, with GELU and pooling between them, for numbers of channels that do not fill blocks.
 * @param add added to the first activations */
function step(channels: readonly [number, number], add: number) {
  const builder = new GraphBuilder('padded');
  const { op } = builder;
  const x = op('Gelu', { x: builder.input('x', type([2, 8, 12, 12])) }, { approximate: false });
  const filters = [
    builder.variable('filter1', type([channels[0], 8, 3, 3])),
    builder.variable('filter2', type([channels[1], channels[0], 3, 3])),
  ] as const;
  const bias = builder.variable('bias', type([channels[0]]));
  const convolved = op('BiasAdd', { x: op('Conv2D', { x, filter: filters[0] }, { padding: 'SAME' }), bias });
  const gelu = op('Gelu', { x: convolved }, { approximate: false });
  const moved = add === 0 ? gelu : op('Add', { a: gelu, b: op('Constant', {}, { value: scalar(add) }) });
  const second = op('Conv2D', { x: moved, filter: filters[1] }, { padding: 'SAME' });
  const pooled = op('MaxPool', { x: second }, { size: 2, stride: 2, padding: 'VALID' });
  const loss = op('L2Loss', { x: op('Gelu', { x: pooled }, { approximate: false }) });
  const rate = op('Constant', {}, { value: scalar(0.01) });
  gradients(builder, loss, [...filters, bias]).forEach((gradient, index) => {
    const variable = [...filters, bias][index];
    if (variable !== undefined)
      builder.update(variable, op('Sub', { a: variable, b: op('Mul', { a: gradient, b: rate }) }));
  });
  builder.output('loss', loss);
  builder.output('moved', moved);
  return builder.build();
}

describe('channels that do not fill whole blocks', { skip }, () => {
  for (const channels of [
    [12, 20],
    [20, 6],
  ] as const)
    for (const add of [0, 1]) {
      const graph = step(channels, add);
      const name = `${channels.join(' and ')} channels, with ${add === 0 ? 'GELU' : 'GELU and the addition of 1'}`;
      test(`give the results of the ONNX engine: ${name}`, async () => {
        const [ours, theirs] = [await twoSteps(create(2)), await twoSteps(createOnnxEngine(1))];
        for (const [value, expected] of theirs) assertClose(ours.get(value), expected, 2e-5, value);
      });
      if (add !== 0) continue;
      test(`use the same kinds of kernels as whole blocks: ${name}`, () => {
        const whole = channels.map((count) => 16 * Math.ceil(count / 16)) as [number, number];
        for (const rule of [neverWinograd, winogradRule('avx2')]) {
          const found = convolutionsOf(graph, rule);
          assert.ok(found.length > 0);
          assert.deepEqual(found, convolutionsOf(step(whole, 0), rule));
        }
      });
      async function twoSteps(engine: Engine): Promise<ReadonlyMap<string, Tensor>> {
        const stream = new RandomStream(3, 'test');
        const random = (shape: Shape) =>
          float32(
            shape,
            Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * stream.normal()),
          );
        const session = await engine.compile(graph);
        await session.write(new Map([...graph.variables].map(([key, { shape }]) => [key, random(shape)])));
        const feeds = new Map([['x', random([2, 8, 12, 12])]]);
        await session.step(feeds);
        const outputs = await session.step(feeds);
        const variables = await session.read();
        await session.release();
        return new Map([...outputs, ...variables]);
      }
    }
});

/** Returns the names and kinds of kernels of the convolutions of a step, or of the products that compute them. The instruction set
 * of gradients of filters does not count: on AVX-512, oneDNN 3.2 computes some of them with AVX2 if the channels are padded. */
function convolutionsOf(graph: Graph, winograd: WinogradRule): readonly string[] {
  const onednn = new Onednn(1);
  const { steps } = planOf(onednn, programOf(graph, 'float32', { winograd }));
  onednn.release();
  return steps.flatMap(({ op, name, implementation }) => {
    const kind = op === 'Conv2DBackpropFilter' ? implementation.replace(/:avx\w*$/, '') : implementation;
    return op.startsWith('Conv2D') ? [`${name} (${kind})`] : [];
  });
}
