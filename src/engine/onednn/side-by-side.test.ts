import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../autodiff/gradients.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ConvolutionAttributes } from '../../graph/signature.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engineCase, plannedPrecisions } from '../../testing/engines.ts';
import { computeGraph, reference } from '../../testing/reference.ts';
import type { PrecisionOf } from '../offers.ts';
import { type ProgramOptions, programOf } from './compile.ts';
import { Execution } from './execution.ts';
import { type SideBySideRule, sideBySideRule } from './side-by-side.ts';
import { onednnGaps } from './support.ts';

const { skip } = engineCase('onednn');
/** A rule for small convolutions, which are quickly computed in float64. */
const anySize: SideBySideRule = { columns: 64, images: 1, channels: 1 };

interface Case {
  /** [N, I, H, W]. */
  readonly x: Shape;
  /** [O, I, K, K]. */
  readonly filter: Shape;
  readonly attributes?: ConvolutionAttributes;
}

const same = { padding: 'SAME' } as const;
const titleOf = ({ x, filter, attributes = same }: Case) =>
  `[${x.join(', ')}] and [${filter.join(', ')}], ${JSON.stringify(attributes)}`;

/** Builds the gradients of the filter and of the bias of a convolution. */
function gradientGraph({ x, filter, attributes = same }: Case): Graph {
  const b = new GraphBuilder('convolution');
  const [o = 1] = filter;
  const images = b.input('x', { dtype: 'float32', shape: x });
  const learned = [
    b.variable('filter', { dtype: 'float32', shape: filter }),
    b.variable('bias', { dtype: 'float32', shape: [o] }),
  ];
  const [weights, bias] = learned;
  assert.ok(weights && bias);
  const convolved = b.op('Conv2D', { x: images, filter: weights }, attributes, 'layer/Conv2D');
  const y = b.op('BiasAdd', { x: convolved, bias }, {}, 'layer/biased');
  const squares = b.op('Mul', { a: y, b: y });
  const loss = b.op('Sum', { x: squares }, { axes: [0, 1, 2, 3], keepDims: false });
  for (const [index, gradient] of gradients(b, loss, learned).entries())
    b.output(`gradient of ${learned[index]?.name}`, gradient);
  b.watch('convolved', convolved);
  return b.build();
}

function valuesOf(graph: Graph): ReadonlyMap<string, Tensor> {
  return new Map(
    [...graph.inputs, ...graph.variables].map(([name, { shape }], index) => {
      const stream = new RandomStream(0, 'test', 0, index);
      const values = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());
      return [name, float32(shape, values)];
    }),
  );
}

function run(
  graph: Graph,
  options: Pick<ProgramOptions, 'sideBySide'>,
  precision: PrecisionOf<'onednn'> = 'float32',
  watch: boolean = false,
) {
  const execution = new Execution(graph, 2, precision, { gaps: onednnGaps(precision), ...options });
  const values = valuesOf(graph);
  const [variables, inputs] = [graph.variables, graph.inputs].map(
    (known) => new Map([...values].filter(([name]) => known.has(name))),
  );
  assert.ok(variables && inputs);
  try {
    execution.write(variables);
    return execution.step(inputs, watch);
  } finally {
    execution.close();
  }
}

/** Returns the dims of x in the call that computes the gradient of the filter. */
function gradientInput(graph: Graph, rule: SideBySideRule): Shape | undefined {
  const { calls } = programOf(graph, 'float32', { sideBySide: rule });
  return calls.find(({ kind }) => kind === 'convolution_backward_weights')?.reads.src?.dims;
}

const isSideBySide = (graph: Graph, rule: SideBySideRule) => gradientInput(graph, rule)?.[0] === 1;

describe('gradients of filters from images side by side', { skip }, () => {
  const cases: readonly Case[] = [
    { x: [3, 8, 4, 4], filter: [16, 8, 3, 3] },
    { x: [2, 8, 8, 6], filter: [8, 8, 3, 3] },
    { x: [5, 4, 3, 7], filter: [6, 4, 3, 3] },
    { x: [3, 8, 1, 5], filter: [8, 8, 3, 3] },
    { x: [4, 8, 4, 1], filter: [8, 8, 3, 3] },
  ];
  for (const each of cases)
    test(`agree with float64: ${titleOf(each)}`, () => {
      const graph = gradientGraph(each);
      const [n = 1, i, h, w = 1] = each.x;
      assert.deepEqual(gradientInput(graph, anySize), [1, i, h, n * (w + 1)]);
      const values = [...valuesOf(graph)].map(([name, value]) => [name, reference(value)] as const);
      const exact = computeGraph(graph, new Map(values));
      const found = run(graph, { sideBySide: anySize });
      assert.equal(found.size, 2);
      for (const [name, value] of found) {
        const expected = exact.get(name);
        assert.ok(expected);
        assertClose(value, expected, 2e-6, name);
      }
    });

  for (const precision of plannedPrecisions)
    test(`agree with those from single images in ${precision}`, () => {
      const graph = gradientGraph({ x: [16, 32, 4, 4], filter: [32, 32, 3, 3] });
      const direct = run(graph, {}, precision);
      const found = run(graph, { sideBySide: anySize }, precision);
      assert.equal(direct.size, 2);
      for (const [name, value] of direct) assertClose(found.get(name), value, 2e-6, name);
    });

  test('have the same bits in every session, watched or not', () => {
    const graph = gradientGraph({ x: [16, 16, 4, 4], filter: [16, 16, 3, 3] });
    const [first, second, watched] = [false, false, true].map((watch) =>
      run(graph, { sideBySide: anySize }, 'float32', watch),
    );
    assert.ok(first && watched);
    assert.equal(first.size, 2);
    assert.ok(watched.has('convolved'));
    for (const [name, { data }] of first) {
      assert.deepEqual(second?.get(name)?.data, data, name);
      assert.deepEqual(watched.get(name)?.data, data, name);
    }
  });
});

describe('the rule', () => {
  const amx = sideBySideRule('bfloat16', 'avx512_core_amx');
  const usual: Case = { x: [128, 64, 8, 8], filter: [64, 64, 3, 3] };
  const isChosen = (change: Partial<Case>) => isSideBySide(gradientGraph({ ...usual, ...change }), amx);

  test('chooses narrow images', () => {
    assert.ok(isChosen({}));
    assert.ok(isChosen({ x: [16, 16, 9, 8], filter: [16, 16, 3, 3] }), 'the least of all');
    assert.ok(!isChosen({ x: [128, 64, 8, 9] }), 'wide images');
    assert.ok(!isChosen({ x: [15, 64, 8, 8] }), 'few images');
    assert.ok(!isChosen({ x: [128, 15, 8, 8], filter: [64, 15, 3, 3] }), 'few input channels');
    assert.ok(!isChosen({ filter: [15, 64, 3, 3] }), 'few output channels');
  });

  test('chooses only 3×3 convolutions that keep the size of images', () => {
    assert.ok(!isChosen({ attributes: { padding: 'VALID' } }));
    assert.ok(!isChosen({ attributes: { ...same, strides: [2, 2] } }));
    for (const [rows, columns] of [
      [1, 1],
      [1, 3],
      [2, 2],
      [5, 5],
    ] as const)
      assert.ok(!isChosen({ filter: [64, 64, rows, columns] }));
    assert.ok(!isChosen({ filter: [64, 32, 3, 3], attributes: { ...same, groups: 2 } }));
  });

  test('exists only for bfloat16 on CPUs with AMX', () => {
    for (const name of ['avx2', 'avx512_core', 'avx512_core_bf16', 'default'])
      assert.equal(sideBySideRule('bfloat16', name), undefined, name);
    for (const name of ['avx512_core_amx', 'avx512_core_amx_fp16', 'avx10_1_512_amx', 'avx10_1_512_amx_fp16'])
      assert.ok(sideBySideRule('bfloat16', name), name);
    for (const precision of ['float32', 'float16'] as const)
      assert.equal(sideBySideRule(precision, 'avx512_core_amx_fp16'), undefined, precision);
  });
});
