/** Tests of what models for other programs need: the ONNX form of every operator without the passes of the engine, weights
 * that are computed in advance, and batches of any size. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphError } from '../../../errors.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import type { OpName, PerInput } from '../../../graph/signature.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { definitions } from '../../../ops/table.ts';
import { foldBatchNormalization } from '../../../passes/fold-batch-normalization.ts';
import { splitWeights } from '../../../passes/split-weights.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, type Shape, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { assertClose } from '../../../testing/compare.ts';
import { computeGraph, reference } from '../../../testing/reference.ts';
import { type Sample, samples } from '../../../testing/samples.ts';
import { openModel } from '../runtime/onnx-engine.ts';
import { withFreeBatch } from './free-batch.ts';
import { fuseBias } from './fuse-bias.ts';
import { lower, type OnnxGraph } from './lower.ts';
import { encodeModel, portableVersion } from './model.ts';
import { portableGraph, splitForInference } from './portable.ts';
import { capabilitiesOf, cpuTarget } from './targets.ts';

const onCpu = capabilitiesOf(cpuTarget);

const random = (shape: Shape, index = 0, low = -1): Tensor => {
  const stream = new RandomStream(3, 'test', 0, index);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.between(low, 1)),
  );
};

/** Runs a model in the version for other programs. */
async function run(
  model: OnnxGraph,
  feeds: ReadonlyMap<string, Tensor>,
): Promise<ReadonlyMap<string, Tensor>> {
  const bytes = encodeModel(model, { version: portableVersion });
  const outputs = model.outputs.map(({ name }) => name);
  const session = await openModel('test', bytes, feeds, outputs);
  try {
    return await session.step(feeds);
  } finally {
    await session.release();
  }
}

/** The operators that passes must replace, because ONNX lacks them. All others have an ONNX form of their own. */
const lacking = Object.entries(definitions).flatMap(([op, { onnx }]) => ('expandedBy' in onnx ? [op] : []));

test('all operators of inference but the locally connected one have an ONNX form', () => {
  for (const op of lacking)
    assert.match(op, /Grad|Backprop|^FusedBatchNormV3$|^LocallyConnected2D$/, `${op} has no ONNX form`);
});

describe('the ONNX form of an operator, in the oldest version of the operator set, agrees with the reference', () => {
  for (const op of (Object.keys(samples) as OpName[]).filter((name) => !lacking.includes(name)))
    test(op, async () => {
      const builder = new GraphBuilder('samples');
      const feeds = addSamples(builder, op);
      const graph = builder.build();
      const expected = computeGraph(
        graph,
        new Map([...feeds].map(([name, value]) => [name, reference(value)])),
      );
      const found = await run(lower(graph, onCpu), feeds);
      for (const name of graph.results.output.keys()) {
        const value = expected.get(name);
        assert.ok(value);
        assertClose(found.get(name), value, 1e-6, name);
      }
    });
});

/** Adds all samples of an operator. Returns the values of their inputs. */
function addSamples<N extends OpName>(builder: GraphBuilder, op: N): ReadonlyMap<string, Tensor> {
  return new Map(samples[op].flatMap((sample, index) => [...addSample(builder, op, sample, index)]));
}

/** Adds an operator with the inputs of a sample. Returns the values of the inputs. */
function addSample<N extends OpName>(
  builder: GraphBuilder,
  op: N,
  { inputs, attributes }: Sample<N>,
  index: number,
): ReadonlyMap<string, Tensor> {
  const tensors = Object.entries(inputs as Readonly<Record<string, Tensor>>);
  const values = tensors.map(([name, tensor]) => [name, builder.input(`${name}${index}`, tensor)] as const);
  const record = Array.isArray(inputs) ? values.map(([, value]) => value) : Object.fromEntries(values);
  const outputs = builder.outputsOf(op, record as PerInput<N, Value>, attributes, `y${index}`);
  for (const [name, value] of Object.entries<Value>(outputs)) builder.output(`${name}_of_${index}`, value);
  return new Map(tensors.map(([name, tensor]) => [`${name}${index}`, tensor]));
}

/** Builds a convolution with batch normalization.
 * @param biased whether a bias is added between them
 * @param isReadTwice whether another node reads the convolution */
function normalized(batchSize: number, biased = false, isReadTwice = false): Graph {
  const b = new GraphBuilder('normalized');
  const variable = (name: string, shape: Shape) => b.variable(name, { dtype: 'float32', shape });
  const x = b.input('x', { dtype: 'float32', shape: [batchSize, 3, 6, 6] });
  const filter = variable('filter', [4, 3, 3, 3]);
  const convolved = b.op('Conv2D', { x, filter }, { padding: 'SAME', strides: 2 });
  const c = biased ? b.op('BiasAdd', { x: convolved, bias: variable('bias', [4]) }) : convolved;
  const [mean, variance, scale, offset] = [0, 1, 2, 3].map((index) => variable(`vector${index}`, [4]));
  assert.ok(mean && variance && scale && offset);
  const inputs = { x: c, mean, variance, scale, offset };
  b.output('y', b.op('BatchNormWithGlobalNormalization', inputs, { epsilon: 1e-3 }));
  if (isReadTwice) b.output('c', b.op('Neg', { x: c }));
  return b.build();
}

const weights = new Map<string, Tensor>([
  ['filter', random([4, 3, 3, 3])],
  ['bias', random([4], 1)],
  ['vector0', random([4], 2)],
  ['vector1', random([4], 3, 0.25)],
  ['vector2', random([4], 4)],
  ['vector3', random([4], 5)],
]);
const x = random([5, 3, 6, 6], 6);
const given = new Map([...weights, ['x', x] as const].map(([name, value]) => [name, reference(value)]));
const operators = ({ nodes }: Graph) => nodes.map(({ op }) => op);

describe('batch normalization', () => {
  for (const biased of [false, true])
    test(`is folded into a convolution ${biased ? 'with' : 'without'} a bias`, () => {
      const graph = normalized(5, biased);
      const folded = foldBatchNormalization(graph);
      assert.ok(!operators(folded).includes('BatchNormWithGlobalNormalization'));
      assert.equal(operators(folded).filter((op) => op === 'Conv2D').length, 1);
      const [expected, found] = [computeGraph(graph, given), computeGraph(folded, given)];
      const y = expected.get('y');
      assert.ok(y);
      assertClose(found.get('y'), y, 1e-6, 'y');
    });

  test('is kept if another node reads the convolution', () => {
    const folded = foldBatchNormalization(normalized(5, false, true));
    assert.ok(operators(folded).includes('BatchNormWithGlobalNormalization'));
  });

  test('becomes a convolution with a bias and nothing else', async () => {
    const { weights: computed, rest } = splitForInference(normalized(5));
    assert.deepEqual([...computed.results.output.keys()], [...rest.variables.keys()]);
    const all = computeGraph(computed, given);
    const folded = new Map(
      [...all].map(([name, { shape, data }]) => [name, float32(shape, Float32Array.from(data))] as const),
    );
    const model = portableGraph((size) => normalized(size), folded);
    assert.deepEqual(
      model.nodes.map(({ opType, inputs }) => [opType, inputs.length]),
      [['Conv', 3]],
    );
    assert.deepEqual(model.inputs, [{ name: 'x', dtype: 'float32', shape: ['N', 3, 6, 6] }]);
    assert.deepEqual(model.outputs, [{ name: 'y', dtype: 'float32', shape: ['N', 4, 3, 3] }]);
    const y = computeGraph(normalized(5), given).get('y');
    assert.ok(y);
    assertClose((await run(model, new Map([['x', x]]))).get('y'), y, 1e-5, 'y');
  });
});

test('what depends only on variables is split off, and what an input reaches stays', () => {
  const b = new GraphBuilder('split');
  const [input, v, w] = [
    b.input('x', { dtype: 'float32', shape: [2] }),
    b.variable('v', { dtype: 'float32', shape: [2] }),
    b.variable('w', { dtype: 'float32', shape: [2] }),
  ];
  const product = b.op('Mul', { a: v, b: w }, {}, 'product');
  b.output('y', b.op('Add', { a: b.op('Mul', { a: input, b: product }), b: v }));
  b.output('copy', product);
  const { weights: computed, rest } = splitWeights(b.build());
  assert.deepEqual([...computed.results.output.keys()], ['product']);
  assert.deepEqual([...rest.variables.keys()], ['v', 'product']);
  assert.deepEqual(operators(rest), ['Mul', 'Add']);
});

describe('a free batch size', () => {
  const lowered =
    (add: (b: GraphBuilder, value: Value, batchSize: number) => Value) => (batchSize: number) => {
      const b = new GraphBuilder('free');
      b.output('y', add(b, b.input('x', { dtype: 'float32', shape: [batchSize, 4, 3] }), batchSize));
      return lower(b.build(), onCpu);
    };
  const free = (add: Parameters<typeof lowered>[0]) => withFreeBatch(lowered(add), new Map());

  test('is what remains in a Reshape, and is kept by slices and broadcasts', async () => {
    const model = free((b, value, n) => {
      const flat = b.op('Reshape', { x: value }, { shape: [n, 12] });
      const turned = b.op('Transpose', { x: value }, { order: [2, 0, 1] });
      const cut = b.op(
        'StridedSlice',
        { x: turned },
        { begin: [1, 0, 0], size: [1, n, 4], strides: [1, 1, 1] },
      );
      const rows = b.op('Reshape', { x: cut }, { shape: [4 * n] });
      const column = b.op('Reshape', { x: rows }, { shape: [n, 4] });
      const wide = b.op(
        'BroadcastTo',
        { x: b.op('Reshape', { x: column }, { shape: [n, 4, 1] }) },
        { shape: [n, 4, 3] },
      );
      return b.op('Add', { a: flat, b: b.op('Reshape', { x: wide }, { shape: [n, 12] }) });
    });
    for (const n of [1, 2, 7]) {
      const values = random([n, 4, 3], n);
      const y = (await run(model, new Map([['x', values]]))).get('y');
      assert.deepEqual(y?.shape, [n, 12]);
      assert.equal(y.data[4], Math.fround(Number(values.data[4]) + Number(values.data[4])));
    }
  });

  test('is refused where a model would be correct for one size only', () => {
    const refused: Readonly<Record<string, Parameters<typeof lowered>[0]>> = {
      Add: (b, value, n) => b.op('Add', { a: value, b: b.op('Constant', {}, { value: random([n, 1, 1]) }) }),
      Pad: (b, value, n) => b.op('Pad', { x: value }, { before: [0, 0, 0], after: [4 - n, 0, 0] }),
      Slice: (b, value, n) =>
        b.op('StridedSlice', { x: value }, { begin: [n - 1, 0, 0], size: [1, 4, 3], strides: [1, 1, 1] }),
    };
    for (const [name, add] of Object.entries(refused))
      assert.throws(
        () => free(add),
        (error) =>
          error instanceof GraphError &&
          error.message.startsWith(`${name} "`) &&
          error.message.includes('depends on the batch size'),
      );
  });
});

describe('biases', () => {
  const names = (model: OnnxGraph) =>
    fuseBias(model).nodes.map(({ opType, inputs }) => `${opType}/${inputs.length}`);
  const matrix = (isReadTwice: boolean, columns = 3) => {
    const b = new GraphBuilder('bias');
    const product = b.op(
      'MatMul',
      {
        a: b.input('x', { dtype: 'float32', shape: [2, 4] }),
        b: b.variable('w', { dtype: 'float32', shape: [4, 3] }),
      },
      { transposeA: false, transposeB: false },
    );
    const added = b.variable('bias', { dtype: 'float32', shape: columns === 3 ? [3] : [2, 1] });
    b.output(
      'y',
      columns === 3 ? b.op('BiasAdd', { x: product, bias: added }) : b.op('Add', { a: product, b: added }),
    );
    if (isReadTwice) b.output('z', b.op('Relu', { x: product }));
    const values = new Map([
      ['w', random([4, 3])],
      ['bias', random(columns === 3 ? [3] : [2, 1])],
    ]);
    return lower(b.build(), onCpu, values);
  };

  test('are moved into products, and unused constants are removed', () => {
    assert.deepEqual(names(matrix(false)), ['Gemm/3']);
    assert.deepEqual([...fuseBias(matrix(false)).initializers.keys()], ['w', 'bias']);
  });

  test('stay where something else reads the product, or they are not vectors', () => {
    assert.deepEqual(names(matrix(true)), ['Gemm/2', 'Add/2', 'Relu/1']);
    assert.deepEqual(names(matrix(false, 1)), ['Gemm/2', 'Add/2']);
  });
});
