import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { gradients } from '../../autodiff/gradients.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ConvolutionAttributes } from '../../graph/signature.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import type { Call } from '../../ops/primitives.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engineCase } from '../../testing/engines.ts';
import { computeGraph, reference } from '../../testing/reference.ts';
import { type ProgramOptions, programOf } from './compile.ts';
import { Execution } from './execution.ts';
import { isWinograd, neverWinograd, type WinogradRule, winogradRule } from './winograd-rule.ts';

const { skip } = engineCase('onednn');
const winograd = winogradRule('avx2');
const amx = winogradRule('avx512_core_amx');

/** [N, I, H, W], O and K of a convolution. */
type Case = readonly [x: Shape, o: number, k: 3 | 5];

/** A rule for small convolutions, which are quickly computed in float64. */
const anyLimits = { side: 32, inputs: 1, outputs: 1, rows: 1 };
const anySize: WinogradRule = { 3: [anyLimits], 5: [anyLimits] };
const smallCases: readonly Case[] = [
  [[2, 8, 16, 16], 16, 3],
  [[3, 16, 4, 4], 8, 3],
  [[2, 8, 8, 12], 8, 3],
  [[2, 8, 16, 24], 8, 5],
  [[3, 16, 4, 4], 8, 5],
  [[2, 8, 12, 12], 16, 5],
  [[1, 8, 32, 20], 8, 3],
];
/** The ends of every range of the rule, conv2 of the tutorial and convolutions of airbench. */
const realCases: readonly Case[] = [
  [[16, 16, 8, 8], 16, 3],
  [[32, 16, 4, 4], 16, 3],
  [[8, 32, 16, 16], 32, 3],
  [[4, 24, 32, 32], 64, 3],
  [[16, 256, 8, 8], 256, 3],
  [[16, 64, 16, 16], 256, 3],
  [[8, 16, 24, 24], 16, 5],
  [[32, 16, 4, 4], 16, 5],
  [[16, 64, 12, 12], 64, 5],
];

/** How far results may be from float64, as ‖error‖ / ‖result‖. */
const tolerances = { 3: 5e-6, 5: 1e-5 } as const;

interface Options {
  /** Whether a ReLU follows the bias. It amplifies differences: where its operand is nearly 0, the gradient may be 0 or not. */
  readonly relu?: boolean;
  readonly watched?: boolean;
}

/** Builds relu(convolution + bias), the loss Σ r · that, and the gradients of x, filter and bias. */
function convolutionGraph([x, o, k]: Case, { relu = true, watched = false }: Options = {}): Graph {
  const b = new GraphBuilder('convolution');
  const [, i = 1, ...size] = x;
  const y = [x[0] ?? 1, o, ...size];
  const variable = (name: string, shape: Shape) => b.variable(name, { dtype: 'float32', shape });
  const [images, filter, bias] = [variable('x', x), variable('filter', [o, i, k, k]), variable('bias', [o])];
  const r = b.input('r', { dtype: 'float32', shape: y });
  const convolved = b.op('Conv2D', { x: images, filter }, { padding: 'SAME' }, 'layer/Conv2D');
  const biased = b.op('BiasAdd', { x: convolved, bias }, {}, 'layer/biased');
  const result = relu ? b.op('Relu', { x: biased }) : biased;
  const loss = b.op('Sum', { x: b.op('Mul', { a: result, b: r }) }, { axes: [0, 1, 2, 3], keepDims: false });
  b.output('y', result);
  const learned = [images, filter, bias];
  for (const [index, gradient] of gradients(b, loss, learned).entries())
    b.output(`gradient of ${learned[index]?.name}`, gradient);
  if (watched) b.watch('convolved', convolved);
  return b.build();
}

/** Returns the feeds and variables of a graph, filled with normal numbers. */
function valuesOf(graph: Graph): ReadonlyMap<string, Tensor> {
  return new Map(
    [...graph.inputs, ...graph.variables].map(([name, { shape }], index) => {
      const stream = new RandomStream(0, 'test', 0, index);
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
        ),
      ];
    }),
  );
}

function run(graph: Graph, options: Pick<ProgramOptions, 'winograd'>, watch: boolean = false) {
  const execution = new Execution(graph, 2, 'float32', options);
  const values = valuesOf(graph);
  try {
    execution.write(new Map([...values].filter(([name]) => graph.variables.has(name))));
    return execution.step(new Map([...values].filter(([name]) => graph.inputs.has(name))), watch);
  } finally {
    execution.close();
  }
}

const titleOf = ([x, o, k]: Case) => `[${x.join(', ')}] → ${o}, ${k}×${k}`;

const isWithoutConvolutions = (kinds: readonly string[]) =>
  kinds.includes('matmul') && kinds.every((kind) => !kind.startsWith('convolution'));

const kindsOf = (graph: Graph, options: ProgramOptions) =>
  programOf(graph, 'float32', options).calls.map(({ kind }) => kind);

describe('a convolution by the algorithm of Winograd', { skip }, () => {
  for (const convolution of smallCases) {
    test(`agrees with float64: ${titleOf(convolution)}`, () => {
      const graph = convolutionGraph(convolution);
      const values = [...valuesOf(graph)].map(([name, value]) => [name, reference(value)] as const);
      const [exact, found] = [computeGraph(graph, new Map(values)), run(graph, { winograd: anySize })];
      assert.ok(isWithoutConvolutions(kindsOf(graph, { winograd: anySize })));
      assert.equal(exact.size, 4);
      for (const [name, value] of exact)
        assertClose(found.get(name), value, tolerances[convolution[2]], name);
    });
  }

  for (const convolution of realCases) {
    test(`agrees with the direct convolution: ${titleOf(convolution)}`, () => {
      const graph = convolutionGraph(convolution, { relu: false });
      assert.ok(isWithoutConvolutions(kindsOf(graph, { winograd })));
      assert.ok(kindsOf(graph, {}).includes('convolution_forward'));
      const [found, direct] = [run(graph, { winograd }), run(graph, {})];
      assert.equal(direct.size, 4);
      for (const [name, value] of direct)
        assertClose(found.get(name), value, tolerances[convolution[2]], name);
    });
  }

  test('has the same bits in every session', () => {
    const graph = convolutionGraph([[8, 16, 16, 16], 16, 5]);
    const [first, second] = [run(graph, { winograd }), run(graph, { winograd })];
    assert.equal(first.size, 4);
    for (const [name, { data }] of first) assert.deepEqual(second.get(name)?.data, data, name);
  });

  test('is watched without an effect on the step', () => {
    const convolution: Case = [[8, 16, 16, 16], 16, 5];
    const graph = convolutionGraph(convolution, { watched: true });
    const found = run(graph, { winograd }, true);
    for (const [name, { data }] of run(convolutionGraph(convolution), { winograd }))
      assert.deepEqual(found.get(name)?.data, data, name);
    const direct = run(graph, {}, true).get('convolved');
    assert.ok(direct);
    assertClose(found.get('convolved'), direct, tolerances[5], 'the watched value');
  });

  test('transforms every operand once, and reorders every image once', () => {
    const { calls } = programOf(convolutionGraph([[8, 16, 16, 16], 16, 5]), 'float32', { winograd });
    const count = (kind: string) => calls.filter((call) => call.kind === kind && !isReshape(call)).length;
    const isReshape = ({ parameters }: Call) =>
      parameters.pieces?.every(({ from, to }) => from === undefined && to === undefined) ?? false;
    // x, dy and the filter to [H, W, N, C] or [K, K, I, O]; y, dx and the gradient of the filter back.
    assert.equal(count('copy'), 6);
    // V, D, y and dx take two products each, U and the gradient of the filter one. Three products are the convolution and its
    // gradients, and one adds up the gradient of the bias.
    assert.equal(count('matmul'), 4 * 2 + 2 + 3 + 1);
  });

  test('runs no reference code and computes the bias and ReLU in one call', () => {
    const graph = convolutionGraph([[128, 64, 12, 12], 64, 5]);
    const execution = new Execution(graph, 2, 'float32', { winograd });
    const kernels = execution.placement();
    execution.close();
    const ofLayer = kernels.filter(({ name }) => name.includes('layer'));
    assert.ok(ofLayer.some(({ kernel }) => /^(?:gemm|brg|brg_matmul):/.test(kernel)));
    assert.deepEqual(
      ofLayer.filter(({ kernel }) => /\bref\b/.test(kernel)),
      [],
    );
    assert.ok(kernels.some(({ name, fused }) => name === 'layer/biased' && fused.includes('Relu')));
    assert.ok(kernels.every(({ name }) => name !== 'layer/biased/2'));
  });
});

describe('the rule', () => {
  const same: ConvolutionAttributes = { padding: 'SAME' };
  const [x, filter] = [
    [128, 64, 12, 12],
    [64, 64, 5, 5],
  ];

  const chosenBy = (rule: WinogradRule) => (images: Shape, filters: Shape) =>
    isWinograd(rule, images, filters, same);

  test('chooses the algorithm by size', () => {
    const chosen = chosenBy(winograd);
    assert.ok(chosen(x, filter));
    assert.ok(chosen([128, 64, 12, 12], [64, 64, 3, 3]));
    assert.ok(!chosen([128, 3, 24, 24], [64, 3, 5, 5]), 'few input channels');
    assert.ok(!chosen([128, 64, 12, 12], [8, 64, 5, 5]), 'few output channels');
    assert.ok(chosen([128, 16, 8, 8], [16, 16, 3, 3]));
    assert.ok(!chosen([128, 16, 16, 16], [16, 16, 3, 3]), 'few channels for images of this size');
    assert.ok(chosen([128, 24, 32, 32], [64, 24, 3, 3]));
    assert.ok(!chosen([128, 32, 32, 32], [32, 32, 3, 3]), 'few output channels for images of this size');
    assert.ok(!chosen([128, 64, 36, 36], [64, 64, 3, 3]), 'large images');
    assert.ok(!chosen([128, 64, 14, 14], filter), 'parts of tiles');
    assert.ok(!chosen([1, 64, 12, 12], filter), 'one image');
    assert.ok(!chosen(x, [64, 64, 1, 1]), 'another size of filter');
    assert.ok(!chosen(x, [64, 64, 3, 5]), 'a filter that is not square');
  });

  test('needs a stride of 1, padding that preserves the size, and one group', () => {
    const chosen = (attributes: ConvolutionAttributes, filters: Shape = filter) =>
      isWinograd(winograd, x, filters, attributes);
    assert.ok(chosen({ padding: { before: [2, 2], after: [2, 2] } }));
    assert.ok(!chosen({ padding: 'VALID' }));
    assert.ok(!chosen({ padding: { before: [1, 2], after: [3, 2] } }));
    assert.ok(!chosen({ ...same, strides: 2 }));
    assert.ok(!chosen({ ...same, groups: 2 }, [64, 32, 5, 5]));
  });

  test('needs more channels on CPUs with AMX', () => {
    const chosen = chosenBy(amx);
    assert.ok(chosen(x, filter));
    assert.ok(chosen([128, 64, 16, 16], [64, 64, 3, 3]));
    assert.ok(!chosen([128, 32, 16, 16], [64, 32, 3, 3]), 'few input channels');
    assert.ok(!chosen([128, 64, 16, 16], [32, 64, 3, 3]), 'few output channels');
    assert.ok(!chosen([128, 64, 32, 32], [64, 64, 3, 3]), 'large images');
    assert.ok(!chosen([128, 64, 24, 24], filter), 'large images for a filter of 5×5');
  });

  test('is known for AVX2, AMX and their variants only', () => {
    assert.equal(winogradRule('avx2_vnni'), winograd);
    for (const name of ['avx512_core_amx_fp16', 'avx10_1_512_amx'])
      assert.equal(winogradRule(name), amx, name);
    for (const other of ['sse41', 'avx512_core', 'avx512_core_bf16', 'avx10_2_512', 'all', ''])
      assert.equal(winogradRule(other), neverWinograd, other);
  });

  test('follows the instruction set that oneDNN uses', { skip: skip || process.arch !== 'x64' }, () => {
    const kernelsOn = (isa: string) => conv2Kernels({ ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa });
    // Only Winograd's algorithm multiplies matrices. oneDNN's versions call its kernels gemm:jit, gemm:jit:f32 or brg_matmul.
    const isMatrixProduct = (kernel: string) => /\bgemm\b|matmul/.test(kernel);
    const onAvx2 = kernelsOn('AVX2');
    assert.ok(onAvx2.some(isMatrixProduct), onAvx2.join());
    const onAvx = kernelsOn('AVX');
    assert.ok(onAvx.length > 0 && !onAvx.some(isMatrixProduct), onAvx.join());
  });

  test('does not apply to 16-bit types', () => {
    const graph = convolutionGraph([[8, 16, 16, 16], 16, 5]);
    const kinds = programOf(graph, 'bfloat16', { winograd }).calls.map(({ kind }) => kind);
    assert.ok(kinds.includes('convolution_forward'));
    assert.deepEqual(
      kinds,
      programOf(graph, 'bfloat16').calls.map(({ kind }) => kind),
    );
  });
});

/** Returns the kernels with which the engine computes a convolution, in a process of its own. */
function conv2Kernels(environment: Readonly<Record<string, string>>): readonly string[] {
  const file = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    const [{ createOnednnEngine }, { GraphBuilder }] =
      await Promise.all([import(${file('./onednn-engine.js')}), import(${file('../../ops/builder.js')})]);
    const builder = new GraphBuilder('convolution');
    const variable = (name, shape) => builder.variable(name, { dtype: 'float32', shape });
    const [x, filter] = [variable('x', [32, 16, 4, 4]), variable('filter', [16, 16, 5, 5])];
    builder.update(x, builder.op('Conv2D', { x, filter }, { padding: 'SAME' }));
    const session = await createOnednnEngine({ threads: 1 }).compile(builder.build());
    const kernels = await session.placement();
    console.log(JSON.stringify(kernels.filter(({ op }) => op === 'Conv2D').map(({ kernel }) => kernel)));
    await session.release();`;
  const options = { env: { ...process.env, ...environment }, encoding: 'utf8' } as const;
  return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stdout);
}
