import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../autodiff/gradients.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import { printGraph, printNode } from '../../../graph/print.ts';
import type { ConvolutionAttributes } from '../../../graph/signature.ts';
import { tutorialNetwork } from '../../../model/networks/tutorial.ts';
import { makeNetwork } from '../../../model/networks.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { commuteBias, commuteRelu } from '../../../passes/commute-pool.ts';
import { mergeEqual, type Pass, prune } from '../../../passes/rewrite.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, sizeOf } from '../../../tensor/tensor.ts';
import { assertClose } from '../../../testing/compare.ts';
import { computeGraph, type Reference, reference } from '../../../testing/reference.ts';
import { buildTrainingGraph, initialVariables } from '../../../training/training-graph.ts';
import { cancelTransposes } from './cancel-transposes.ts';
import { expand } from './expand.ts';
import { expandConvolution } from './expand-convolution.ts';
import { expandElementwise } from './expand-elementwise.ts';
import { expandNormalization } from './expand-normalization.ts';
import { expandPooling } from './expand-pooling.ts';
import { turn } from './layout.ts';
import { prepare } from './passes.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { splitBatch } from './split-batch.ts';
import { capabilitiesOf, cpuTarget } from './targets.ts';

/** The whole training step of a small network on small images. */
const network = {
  ...tutorialNetwork(4, { conv1: 16, conv2: 5, local3: 8, local4: 6 }),
  imageShape: [3, 8, 8],
};
const training = buildTrainingGraph({
  network,
  batchSize: 2,
  hyperparameters: { ...tutorialHyperparameters, clipNorm: 0.5 },
});
const given = givenValues();
const capabilities = capabilitiesOf(cpuTarget);

function givenValues(): ReadonlyMap<string, Reference> {
  const stream = new RandomStream(0, 'test');
  const images = training.graph.inputs.get('images');
  assert.ok(images);
  const pixels = Float32Array.from({ length: sizeOf(images.shape) }, () => stream.normal());
  return new Map([
    ...[...initialVariables(training, 0)].map(([name, tensor]) => [name, reference(tensor)] as const),
    ['images', reference(float32(images.shape, pixels))],
    ['labels', { shape: [2], data: Float64Array.of(1, 3) }],
    ['learning_rate', { shape: [], data: Float64Array.of(0.1) }],
    ['moving_average_decay', { shape: [], data: Float64Array.of(2 / 11) }],
  ]);
}

function operators(graph: Graph): ReadonlySet<string> {
  return new Set(graph.nodes.map(({ op }) => op));
}

describe('no pass changes the results of a training step', () => {
  const expected = computeGraph(training.graph, given);
  const passes: Readonly<Record<string, Pass>> = {
    prune,
    mergeEqual,
    commuteRelu,
    commuteBias,
    expandConvolution: expand(expandConvolution(capabilities)),
    'expandConvolution without ConvTranspose of depthwise groups': expand(
      expandConvolution({ ...capabilities, transposesAnyGroups: false }),
    ),
    expandNormalization: expand(expandNormalization),
    expandPooling: expand(expandPooling),
    expandElementwise: expand(expandElementwise),
    'expandPooling, then cancelTransposes': (graph) => cancelTransposes(expand(expandPooling)(graph)),
    'expandElementwise, then sinkTransposes': (graph) => sinkTransposes(expand(expandElementwise)(graph)),
    'splitBatch, then sinkTransposes': (graph) =>
      sinkTransposes(expand(expandElementwise)(splitBatch(1)(graph))),
    'all passes together': prepare,
  };
  for (const [title, pass] of Object.entries(passes)) {
    test(title, () => {
      const actual = computeGraph(pass(training.graph), given);
      for (const [name, value] of expected) assertClose(actual.get(name), value, 1e-6, name); // not exact, because passes add float32 constants
    });
  }
});

/** Builds the loss and the gradients of two convolutions with strides, groups and explicit padding. Each convolution is
 * followed by a bias, a ReLU and a pool. */
function stridedGraph(): Graph {
  const b = new GraphBuilder('strided');
  const padding = { before: [1, 0], after: [1, 2] } as const;
  const filters = [
    b.variable('filter1', { dtype: 'float32', shape: [8, 3, 3, 3] }, 'parameter'),
    b.variable('filter2', { dtype: 'float32', shape: [8, 2, 3, 3] }, 'parameter'),
  ] as const;
  const biases = ['bias1', 'bias2'].map((name) =>
    b.variable(name, { dtype: 'float32', shape: [8] }, 'parameter'),
  );
  const layer = (x: Value, filter: Value, bias: Value, attributes: ConvolutionAttributes) => {
    const y = b.op('Relu', { x: b.op('BiasAdd', { x: b.op('Conv2D', { x, filter }, attributes), bias }) });
    return b.op('MaxPool', { x: y }, { size: 3, stride: 2, padding: { before: [1, 1], after: [1, 1] } });
  };
  const [bias1, bias2] = biases;
  assert.ok(bias1 && bias2);
  const images = b.input('x', { dtype: 'float32', shape: [2, 3, 17, 16] });
  const hidden = layer(images, filters[0], bias1, { padding, strides: [2, 1] });
  const y = layer(hidden, filters[1], bias2, { padding, strides: 2, groups: 4 });
  const loss = b.op('L2Loss', { x: y }, {}, 'loss');
  b.output('loss', loss);
  const of = [...filters, bias1, bias2, images];
  for (const [index, slope] of gradients(b, loss, of).entries()) b.output(`slope ${index}`, slope);
  return b.build();
}

test('no pass changes the results of convolutions with strides, groups and explicit padding', () => {
  const graph = stridedGraph();
  const stream = new RandomStream(1, 'test');
  const values = new Map(
    [...graph.inputs, ...graph.variables].map(([name, { shape }]) => {
      return [name, { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => stream.normal()) }];
    }),
  );
  const expected = computeGraph(graph, values);
  const prepared = prepare(graph);
  assert.ok(
    !operators(prepared).has('Conv2DBackpropFilter') && operators(prepared).has('Conv2DBackpropInput'),
  );
  const onCuda = prepare(graph, { device: 'cuda', precision: 'float32' });
  const others = [prepared, onCuda, commuteBias(commuteRelu(graph))];
  for (const actual of others.map((g) => computeGraph(g, values))) {
    for (const [name, value] of expected) assertClose(actual.get(name), value, 1e-9, name);
  }
});

test('for CUDA, no gradient of an input has a padding that differs before and after an axis', () => {
  const paddings = ({ nodes }: Graph) =>
    nodes.flatMap(({ op, attributes }) =>
      op === 'Conv2DBackpropInput' && 'padding' in attributes ? [attributes.padding] : [],
    );
  const graph = stridedGraph();
  assert.ok(paddings(prepare(graph)).some((padding) => padding !== 'VALID'));
  const left = paddings(prepare(graph, { device: 'cuda', precision: 'float32' }));
  assert.ok(left.length > 0);
  assert.deepEqual(
    left,
    left.map(() => 'VALID'),
  );
});

test('commuteRelu and commuteBias move the ReLU and bias of block 1 after its pool, but not those of block 2, which LRN follows', () => {
  const moved = printGraph(commuteBias(commuteRelu(withoutWatched(training.graph))));
  assert.match(moved, /(pool1\S*\/MaxPool) = MaxPool\(x: conv1\/Conv2D\)/);
  assert.match(moved, /pool1\S*\/BiasAdd = BiasAdd\(x: pool1\S*\/MaxPool, bias: conv1\/biases\)/);
  assert.match(moved, /pool1\S*\/Relu = Relu\(x: pool1\S*\/BiasAdd\)/);
  assert.doesNotMatch(moved, /conv1\/(conv1|BiasAdd) =/);
  assert.match(moved, /conv2\/conv2 = Relu\(x: conv2\/BiasAdd\)/);
});

test('commuteRelu does not move a ReLU that another node reads', () => {
  const builder = new GraphBuilder('read twice');
  const relu = builder.op('Relu', { x: builder.input('x', { dtype: 'float32', shape: [1, 1, 4, 4] }) });
  builder.output('pooled', builder.op('MaxPool', { x: relu }, { size: 2, stride: 2, padding: 'VALID' }));
  builder.output('activation', relu);
  const graph = builder.build();
  assert.equal(printGraph(commuteBias(commuteRelu(graph))), printGraph(graph));
});

test('after all passes every operator has an ONNX form, and no convolution has a separate bias addition', () => {
  const left = operators(prepare(training.graph));
  for (const gone of ['Conv2DBackpropInput', 'Conv2DBackpropFilter', 'MaxPoolGrad', 'LRN', 'LRNGrad'])
    assert.ok(!left.has(gone), gone);
  const biased = printGraph(prepare(training.graph)).match(/BiasAdd\(/g) ?? [];
  assert.equal(biased.length, 3, 'the three dense layers');
});

test('watching a training step only adds the ReLU and bias that were moved', () => {
  const whole = prepare(training.graph);
  const step = withoutWatched(whole).nodes;
  assert.deepEqual(step.map(printNode), prepare(withoutWatched(training.graph)).nodes.map(printNode));
  const names = new Set(step.map(({ name }) => name));
  const added = whole.nodes.filter(({ name }) => !names.has(name));
  assert.deepEqual(
    added.map(({ op }) => op),
    ['Reshape', 'Add', 'Relu'],
    added.map(printNode).join('\n'),
  );
});

test('cancelTransposes removes a transposition followed by its inverse', () => {
  const builder = new GraphBuilder('there and back');
  const x = builder.input('x', { dtype: 'float32', shape: [2, 3, 4, 5] });
  const there = builder.op('Transpose', { x }, { order: [0, 2, 3, 1] });
  const back = builder.op('Transpose', { x: there }, { order: [0, 3, 1, 2] });
  builder.output('y', builder.op('Neg', { x: back }));
  builder.output(
    'z',
    builder.op('Neg', { x: builder.op('Transpose', { x: there }, { order: [0, 2, 3, 1] }) }),
  );
  const text = printGraph(cancelTransposes(builder.build()));
  assert.match(text, /Neg = Neg\(x: x\)/);
  assert.match(text, /Neg_1 = Neg\(x: Transpose_2\/Transpose\)/);
});

/** Each LRN and each of its gradients has two square roots, and the norm of the gradients has one. */
test('mergeEqual computes the scale of an LRN once for the layer and its gradient', () => {
  const expanded = expand(expandNormalization)(training.graph);
  const roots = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'Sqrt').length;
  assert.equal(roots(expanded), 9);
  assert.equal(roots(mergeEqual(expanded)), 5);
});

/** Builds a residual block: the sum of a convolution and a shortcut that halves rows and columns and doubles the channels. */
function residualGraph(): Graph {
  const b = new GraphBuilder('residual');
  const x = b.input('x', { dtype: 'float32', shape: [2, 16, 8, 8] });
  const filter = b.variable('filter', { dtype: 'float32', shape: [32, 16, 3, 3] }, 'parameter');
  const h = b.op('Relu', { x }, {}, 'h');
  const size = [2, 16, 4, 4];
  const shortcut = b.op('StridedSlice', { x: h }, { begin: [0, 0, 0, 0], size, strides: [1, 1, 2, 2] });
  const channels = b.op('Pad', { x: shortcut }, { before: [0, 0, 0, 0], after: [0, 16, 0, 0] });
  const convolved = b.op('Conv2D', { x: h, filter }, { padding: 'SAME', strides: 2 });
  const y = b.op('Relu', { x: b.op('Add', { a: convolved, b: channels }, {}, 'sum') }, {}, 'y');
  const loss = b.op('L2Loss', { x: y }, {}, 'loss');
  b.output('loss', loss);
  for (const [index, slope] of gradients(b, loss, [x, filter]).entries()) b.output(`slope ${index}`, slope);
  return b.build();
}

test('residual sums and their shortcuts are computed in the order of axes of the engine', () => {
  const graph = residualGraph();
  const prepared = prepare(graph);
  const shapes = prepared.nodes.flatMap(({ op, outputs }) => {
    return (op === 'Add' || op === 'Pad') && 'y' in outputs && outputs.y.shape.length === 4
      ? [outputs.y.shape]
      : [];
  });
  assert.ok(
    shapes.some((shape) => shape.join() === '4,4,2,32'),
    'the sum and the padded channels are in the order HWNC',
  );
  assert.ok(!shapes.some((shape) => shape.join() === '2,32,4,4'));
  const stream = new RandomStream(2, 'test');
  const values = new Map(
    [...graph.inputs, ...graph.variables].map(([name, { shape }]) => {
      return [name, { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => stream.normal()) }];
    }),
  );
  const actual = computeGraph(prepared, values);
  for (const [name, value] of computeGraph(graph, values)) assertClose(actual.get(name), value, 1e-9, name);
});

test('transpositions of images remain only where a dense layer or a shortcut needs the order of the graph', () => {
  const turns = (graph: Graph) =>
    withoutWatched(prepare(graph)).nodes.filter(
      ({ op, attributes }) =>
        op === 'Transpose' && 'order' in attributes && attributes.order.join() === turn.join(),
    ).length;
  // The two transpositions are those of the flattened images, which local3 reads, and of their gradient.
  assert.equal(turns(training.graph), 2);
  const resnet = buildTrainingGraph({
    network: makeNetwork('resnet', 4, { depth: 14 }),
    batchSize: 2,
    hyperparameters: tutorialHyperparameters,
  });
  // The number is the same at every depth: transpositions remain only where stages and the pool begin and end.
  assert.equal(turns(resnet.graph), 10);
});
