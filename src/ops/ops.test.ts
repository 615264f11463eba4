import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { gradients } from '../autodiff/gradients.ts';
import { GraphError } from '../errors.ts';
import { type Graph, inputsOf, outputsOf, type Value } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import { resultsOf } from '../graph/results.ts';
import type {
  ConvolutionAttributes,
  EngineOpSignatures,
  OpName,
  PerInput,
  PoolAttributes,
} from '../graph/signature.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { RandomStream } from '../tensor/random.ts';
import {
  describeType,
  type Float32Tensor,
  float32,
  type Shape,
  sizeOf,
  type Tensor,
} from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { allVariants, engines } from '../testing/engines.ts';
import { computeGraph, type Reference, reference } from '../testing/reference.ts';
import { type Sample, type Samples, samples } from '../testing/samples.ts';
import { GraphBuilder } from './builder.ts';
import { checked } from './check.ts';
import { definitions } from './table.ts';

/** A sample that has been added to a graph of samples: its inputs and the names of its outputs. */
interface AddedSample {
  readonly title: string;
  readonly op: OpName;
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** Inputs that have a gradient. */
  readonly differentiable: readonly string[];
  readonly outputs: readonly string[];
}

const opNames = Object.keys(samples) as OpName[];
const all = graphOf(opNames);
const expected = computeGraph(all.graph, references(all.feeds));

/** A graph with the samples of several operators. */
interface SampleGraph {
  readonly added: readonly AddedSample[];
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

function graphOf(ops: readonly OpName[]): SampleGraph {
  const builder = new GraphBuilder('samples');
  const added = ops.flatMap((op) => addSamples(builder, op));
  const feeds = new Map(added.flatMap((sample) => [...sample.feeds]));
  return { added, feeds, graph: builder.build() };
}

function references(feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Reference> {
  return new Map([...feeds].map(([name, tensor]) => [name, reference(tensor)]));
}

function addSamples<N extends OpName>(builder: GraphBuilder, op: N): readonly AddedSample[] {
  return samples[op].map((sample, index) => addSample(builder, op, sample, `${op}_${index}`));
}

/** Adds a sample and, if the operator has a gradient, the gradients of Σ w · y for random weights w. */
function addSample<N extends OpName>(
  builder: GraphBuilder,
  op: N,
  { inputs, attributes }: Sample<N>,
  title: string,
): AddedSample {
  const tensors = Object.entries(inputs as Readonly<Record<string, Tensor>>);
  const values = tensors.map(([name, tensor]) => [name, builder.input(`${title}/${name}`, tensor)] as const);
  const record = Array.isArray(inputs) ? values.map(([, value]) => value) : Object.fromEntries(values);
  const outputs = builder.outputsOf(op, record as PerInput<N, Value>, attributes, title);
  for (const [name, value] of outputsOf({ outputs })) builder.output(`${title}/output/${name}`, value);
  const [[, y] = []] = outputsOf({ outputs });
  const differentiable = values.filter(([name]) => hasGradient(op, name));
  if (y !== undefined && differentiable.length > 0) {
    const weights = builder.op('Constant', {}, { value: weightsFor(y) });
    const a = y.dtype === 'float32' ? y : builder.op('Cast', { x: y }, { to: 'float32' });
    const weighted = builder.op('Mul', { a, b: weights });
    const loss = builder.op(
      'Sum',
      { x: weighted },
      { axes: [...y.shape.keys()], keepDims: false },
      `${title}/weighted_sum`,
    );
    builder.output(`${title}/weighted_sum`, loss);
    const slopes = gradients(
      builder,
      loss,
      differentiable.map(([, value]) => value),
    );
    slopes.forEach((slope, index) => {
      builder.output(`${title}/gradient/${differentiable[index]?.[0]}`, slope);
    });
  }
  return {
    title,
    op,
    feeds: new Map(tensors.map(([name, tensor]) => [`${title}/${name}`, tensor])),
    differentiable: differentiable.map(([name]) => name),
    outputs: outputsOf({ outputs }).map(([name]) => `${title}/output/${name}`),
  };
}

function hasGradient(op: OpName, input: string): boolean {
  const { gradient } = definitions[op];
  if ('notDifferentiable' in gradient) return false;
  return (
    typeof gradient === 'function' ||
    'joint' in gradient ||
    Object.entries(gradient).some(([name, rule]) => name === input && rule !== null)
  );
}

function weightsFor({ shape }: Value): Float32Tensor {
  const stream = new RandomStream(1, 'test');
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.between(0.5, 1.5)),
  );
}

for (const { title: engine, missing, create, computes, tolerance } of allVariants) {
  describe(`${engine} agrees with the reference for every operator`, { skip: missing }, () => {
    // Each operator has a session of its own, so that an operator that a device lacks fails alone.
    for (const op of opNames.filter(computes)) {
      describe(op, () => {
        const { added, graph, feeds } = graphOf([op]);
        let actual: ReadonlyMap<string, Tensor>;
        before(async () => {
          const session = await create(2).compile(graph);
          actual = await session.step(feeds).finally(() => session.release());
        });

        for (const { title, outputs, differentiable } of added) {
          test(`${title}: shape, value and gradient`, () => {
            for (const name of [...outputs, ...differentiable.map((input) => `${title}/gradient/${input}`)]) {
              const value = expected.get(name);
              assert.ok(value, name);
              assert.deepEqual(graph.results.output.get(name)?.shape, value.shape, 'the shape rule');
              assertClose(actual.get(name), value, tolerance, name);
            }
          });
        }
      });
    }
  });
}

describe('every gradient agrees with central differences', () => {
  // In float64 the truncation error of a step of 1e-4 is about 1e-8, and the rounding error about 1e-12.
  const step = 1e-4;
  // The gradient of Cast passes through the rounding, which central differences would measure.
  const smooth = all.added.filter(({ op, differentiable }) => op !== 'Cast' && differentiable.length > 0);
  for (const sample of smooth) {
    for (const input of sample.differentiable) {
      test(`${sample.title} with respect to ${input}`, () => {
        const { title } = sample;
        const one = only(all.graph, title);
        const given = new Map(references(sample.feeds));
        const x = given.get(`${title}/${input}`);
        const gradient = expected.get(`${title}/gradient/${input}`);
        assert.ok(x && gradient);
        const stream = new RandomStream(2, 'test');
        const direction = x.data.map(() => stream.normal());
        const lossAt = (distance: number) => {
          const moved: Reference = {
            shape: x.shape,
            data: x.data.map((value, i) => value + distance * (direction[i] ?? 0)),
          };
          return (
            computeGraph(one, new Map(given).set(`${title}/${input}`, moved)).get(`${title}/weighted_sum`)
              ?.data[0] ?? Number.NaN
          );
        };
        const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
        const slope = gradient.data.reduce((sum, value, i) => sum + value * (direction[i] ?? 0), 0);
        const error = Math.abs(slope - difference);
        assert.ok(
          error <= 1e-6 * Math.max(1, Math.abs(difference)),
          `slope ${slope}, central difference ${difference}`,
        );
      });
    }
  }
});

/** Returns the part of the graph that computes the weighted sum of one sample. */
function only(whole: Graph, title: string): Graph {
  const mine = (name: string) => name === title || name.startsWith(`${title}/`);
  const outputs = new Map([...whole.results.output].filter(([name]) => name === `${title}/weighted_sum`));
  const needed = new Set(outputs.values());
  const nodes = whole.nodes.toReversed().filter((node) => {
    if (!outputsOf(node).some(([, value]) => needed.has(value))) return false;
    for (const [, value] of inputsOf(node)) needed.add(value);
    return true;
  });
  const inputs = new Map([...whole.inputs].filter(([name]) => mine(name)));
  return checked({ ...whole, inputs, nodes: nodes.reverse(), results: resultsOf({ output: outputs }) });
}

/** The expected gradients at kinks and ties. */
describe('at kinks and ties', () => {
  const cases: readonly {
    title: string;
    build: (b: GraphBuilder, x: Value) => Value;
    x: Float32Tensor;
    gradient: number[];
  }[] = [
    {
      title: 'the gradient of ReLU at 0 is 0',
      build: (b, x) => b.op('Relu', { x }),
      x: float32([4], [-1, 0, -0, 2]),
      gradient: [0, 0, 0, 1],
    },
    {
      title: 'the gradient of a pool over equal cells goes to the first cell in row-major order',
      build: (b, x) => b.op('MaxPool', { x }, { size: 3, stride: 2, padding: 'SAME' }),
      x: float32([1, 1, 4, 4], new Array<number>(16).fill(7)),
      // Windows start at (0,0), (0,2), (2,0), (2,2).
      gradient: [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0],
    },
    {
      title: 'if two cells tie, the gradient goes to the upper one, whatever its column',
      build: (b, x) => b.op('MaxPool', { x }, { size: 3, stride: 3, padding: 'VALID' }),
      x: float32([1, 1, 3, 3], [0, 1, 5, 5, 2, 0, 1, 5, 0]),
      gradient: [0, 0, 1, 0, 0, 0, 0, 0, 0],
    },
    {
      title: 'a pool after a ReLU passes no gradient to cells at or below 0',
      build: (b, x) => b.op('MaxPool', { x: b.op('Relu', { x }) }, { size: 2, stride: 2, padding: 'VALID' }),
      x: float32([1, 1, 2, 4], [-1, -2, 0, 0, -3, -4, -1, 0]),
      gradient: [0, 0, 0, 0, 0, 0, 0, 0],
    },
  ];
  for (const { title, build, x, gradient } of cases) {
    test(title, async () => {
      const b = new GraphBuilder('kink');
      const input = b.input('x', x);
      const y = build(b, input);
      const loss = b.op('Sum', { x: y }, { axes: [...y.shape.keys()], keepDims: false });
      const [slope] = gradients(b, loss, [input]);
      assert.ok(slope);
      b.output('gradient', slope);
      const wanted = { shape: x.shape, data: gradient };
      assertClose(
        computeGraph(b.build(), new Map([['x', reference(x)]])).get('gradient'),
        wanted,
        0,
        'reference',
      );
      for (const { create, title: engine } of allVariants.filter(({ missing }) => missing === false)) {
        const session = await create(1).compile(b.build());
        assertClose((await session.step(new Map([['x', x]]))).get('gradient'), wanted, 0, engine);
        await session.release();
      }
    });
  }
});

test('an operator without a sample does not compile', () => {
  // The type of this constant is the test, which the compiler checks.
  const emptyIsEnough: readonly [] extends Samples<'Add'> ? true : false = false;
  assert.equal(emptyIsEnough, false);
});

test('every engine supports every operator that models use', () => {
  const ofPasses: { readonly [N in keyof EngineOpSignatures]: true } = {
    BatchMatMul: true,
    Cast: true,
    Gather: true,
    Reverse: true,
  };
  const ofModels = (Object.keys(definitions) as OpName[]).filter((op) => !(op in ofPasses));
  for (const { name, offers } of engines)
    assert.deepEqual(
      ofModels.filter((op) => !offers(op)),
      [],
      name,
    );
});

test('the gradient of a cast is cast back to the type of its operand', () => {
  const b = new GraphBuilder('cast');
  const x = b.input('x', { dtype: 'float16', shape: [2] });
  const y = b.op('Cast', { x }, { to: 'float32' });
  const loss = b.op('L2Loss', { x: y });
  b.output('dx', gradients(b, loss, [x])[0] ?? x);
  const dx = b.build().results.output.get('dx');
  assert.equal(dx?.dtype, 'float16');
  const found = computeGraph(b.build(), new Map([['x', { shape: [2], data: Float64Array.of(0.5, -2) }]]));
  assertClose(found.get('dx'), { shape: [2], data: [0.5, -2] }, 0, 'dx');
});

test('an operator without a gradient says why', () => {
  const b = new GraphBuilder('no gradient');
  const a = b.input('a', { dtype: 'float32', shape: [2] });
  const loss = b.op('Sum', { x: b.op('GreaterEqual', { a, b: a }) }, { axes: [0], keepDims: false });
  assert.throws(
    () => gradients(b, loss, [a]),
    new GraphError('GreaterEqual "GreaterEqual" has no gradient: a comparison has no derivative'),
  );
});

test('an error about shapes names the operator, its path and both shapes', () => {
  const b = new GraphBuilder('misfit');
  const x = b.input('x', { dtype: 'float32', shape: [128, 3, 32, 32] });
  const filter = b.input('filter', { dtype: 'float32', shape: [64, 16, 3, 3] });
  assert.throws(
    () => b.scope('conv1', () => b.op('Conv2D', { x, filter }, { padding: 'SAME' })),
    new GraphError(
      'Conv2D "conv1/Conv2D": filter [64, 16, 3, 3] expects 16 input channels, but x [128, 3, 32, 32] has 3 ' +
        `(inputs: x ${describeType(x)}; filter ${describeType(filter)})`,
    ),
  );
});

describe('convolutions and pools refuse invalid attributes', () => {
  const conv = (x: Shape, filter: Shape, attributes: ConvolutionAttributes) => (b: GraphBuilder) =>
    b.op('Conv2D', { x: floats(b, 'x', x), filter: floats(b, 'filter', filter) }, attributes);
  const pool = (attributes: PoolAttributes) => (b: GraphBuilder) =>
    b.op('MaxPool', { x: floats(b, 'x', [1, 2, 6, 6]) }, attributes);
  const [x, filter] = [
    [1, 4, 6, 6],
    [6, 4, 3, 3],
  ];
  const none = [0, 0] as const;
  const cases: readonly (readonly [(b: GraphBuilder) => Value, RegExp])[] = [
    [
      conv(x, filter, { padding: 'SAME', strides: 0 }),
      /strides must be 2 whole numbers of 1 or more, .* \[0, 0\]/,
    ],
    [conv(x, filter, { padding: 'SAME', strides: [1, 1.5] }), /strides must be .* found \[1, 1\.5\]/],
    [conv(x, filter, { padding: 'SAME', strides: [2, -1] }), /strides must be .* found \[2, -1\]/],
    [conv(x, filter, { padding: 'SAME', strides: Number.NaN }), /strides must be .* found \[NaN, NaN\]/],
    [conv(x, filter, { padding: 'SAME', groups: 0 }), /groups must be a whole number of 1 or more, found 0/],
    [conv(x, filter, { padding: 'SAME', groups: 1.5 }), /groups must be .* found 1\.5/],
    [
      conv(x, filter, { padding: 'SAME', groups: 2 }),
      /filter \[6, 4, 3, 3\] in 2 groups expects 8 input channels, but x \[1, 4, 6, 6\] has 4/,
    ],
    [
      conv(x, [6, 1, 3, 3], { padding: 'SAME', groups: 4 }),
      /filter \[6, 1, 3, 3\] in 4 groups has 6 output channels, which is not a multiple of 4/,
    ],
    [conv(x, [6, 4, 0, 3], { padding: 'VALID' }), /the kernel must be .* found \[0, 3\]/],
    [conv(x, [6, 4, 7, 1], { padding: 'VALID' }), /a window of 7 is larger than its axis of 6 \(inputs/],
    [
      conv(x, [6, 4, 1, 9], { padding: { before: none, after: [0, 2] } }),
      /a window of 9 is larger than its axis of 6, padded to 8/,
    ],
    [
      conv(x, filter, { padding: { before: [-1, 0], after: none } }),
      /padding before must be 2 whole numbers of 0 or more, rows and columns, found \[-1, 0\]/,
    ],
    [conv(x, filter, { padding: { before: none, after: [0, 0.5] } }), /padding after must be .* \[0, 0\.5\]/],
    // Callers without type checking can pass these values.
    [conv(x, filter, unchecked({ padding: 'same' })), /padding must be SAME, VALID or .* found "same"/],
    [conv(x, filter, unchecked({ padding: 1 })), /padding must be SAME, VALID or .* found 1/],
    [conv(x, filter, unchecked({})), /padding must be SAME, VALID or .* found undefined/],
    [
      conv(x, filter, unchecked({ padding: { before: [1], after: [1, 1] } })),
      /padding before must be .* found \[1\]/,
    ],
    [conv(x, filter, unchecked({ padding: 'SAME', strides: [2] })), /strides must be .* found \[2\]/],
    [
      pool({ size: 2, stride: 2, padding: { before: [2, 0], after: none } }),
      /padding must be smaller than the window: found 2 cells, but the window has 2/,
    ],
    [pool({ size: 3, stride: 0, padding: 'SAME' }), /strides must be .* found \[0, 0\]/],
    [
      (b) =>
        b.op(
          'Conv2DBackpropInput',
          { filter: floats(b, 'filter', filter), dy: floats(b, 'dy', [1, 6, 6, 6]) },
          { padding: 'SAME', strides: 2, inputShape: x },
        ),
      /dy float32 \[1, 6, 6, 6\] must have the convolution's output shape \[1, 6, 3, 3\]/,
    ],
    [
      (b) =>
        b.op(
          'Conv2DBackpropFilter',
          { x: floats(b, 'x', x), dy: floats(b, 'dy', [1, 6, 3, 3]) },
          { padding: 'SAME', strides: 2, groups: 2, filterShape: filter },
        ),
      /filter \[6, 4, 3, 3\] in 2 groups expects 8 input channels/,
    ],
  ];
  for (const [build, message] of cases) {
    test(message.source, () => {
      assert.throws(
        () => build(new GraphBuilder('refused')),
        (error) => error instanceof GraphError && message.test(error.message),
      );
    });
  }
});

function floats(b: GraphBuilder, name: string, shape: Shape): Value {
  return b.input(name, { dtype: 'float32', shape });
}

function unchecked(attributes: object): ConvolutionAttributes {
  return attributes as ConvolutionAttributes;
}

test('the multiply-adds of a convolution and its gradients count strides and groups', () => {
  const b = new GraphBuilder('count');
  const [x, filter] = [floats(b, 'x', [2, 8, 9, 9]), floats(b, 'filter', [12, 2, 3, 3])];
  const y = b.op('Conv2D', { x, filter }, { padding: 'VALID', strides: [2, 3], groups: 4 });
  const loss = b.op('Sum', { x: y }, { axes: [0, 1, 2, 3], keepDims: false });
  b.output('y', y);
  const forward = 2 * 12 * (4 * 3) * (2 * 3 * 3);
  assert.equal(multiplyAdds(b.build()), forward);
  for (const [index, slope] of gradients(b, loss, [x, filter]).entries()) b.output(`slope ${index}`, slope);
  assert.equal(multiplyAdds(b.build()), 3 * forward);
});

test('a printed convolution shows strides, groups and explicit padding where it has them', () => {
  const b = new GraphBuilder('printed');
  const [x, filter] = [floats(b, 'x', [1, 4, 6, 6]), floats(b, 'filter', [4, 2, 3, 3])];
  const padding = { before: [1, 0], after: [1, 2] } as const;
  b.output(
    'plain',
    b.op('Conv2D', { x: floats(b, 'half', [1, 2, 6, 6]), filter }, { padding: 'SAME' }, 'plain'),
  );
  b.output('y', b.op('Conv2D', { x, filter }, { padding, strides: [2, 1], groups: 2 }, 'y'));
  const text = printGraph(b.build());
  assert.match(text, /^plain = Conv2D\(x: half, filter: filter\) \{padding: SAME\} →/m);
  assert.match(
    text,
    /^y = .* \{padding: \{before: \[1, 0\], after: \[1, 2\]\}, strides: \[2, 1\], groups: 2\} → float32 \[1, 4, 3, 6\]$/m,
  );
});
