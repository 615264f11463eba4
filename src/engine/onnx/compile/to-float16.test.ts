import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../autodiff/gradients.ts';
import { type Graph, inputsOf, outputsOf, type Value } from '../../../graph/graph.ts';
import { printGraph, printNode } from '../../../graph/print.ts';
import { resultEntries } from '../../../graph/results.ts';
import { tutorialNetwork } from '../../../model/networks/tutorial.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { splitExchange } from '../../../passes/split-exchange.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, sizeOf } from '../../../tensor/tensor.ts';
import { assertClose, relativeDistance } from '../../../testing/compare.ts';
import { computeGraph, type Reference, reference } from '../../../testing/reference.ts';
import { buildTrainingGraph, initialVariables } from '../../../training/training-graph.ts';
import { compileGraph } from './compile.ts';
import { inPrecision, prepare } from './passes.ts';
import { roundToFloat16 } from './round-to-float16.ts';
import { toFloat16 } from './to-float16.ts';

const typed = toFloat16();
const gpu = { device: 'cuda', precision: 'float16' } as const;
const cpu = { device: 'cpu', precision: 'float16' } as const;

/** A convolution with a bias, a ReLU and LRN, a dense layer, a loss and a step of gradient descent. */
function smallStep(): Graph {
  const b = new GraphBuilder('small');
  const variable = (name: string, shape: readonly number[]) => b.variable(name, { dtype: 'float32', shape });
  const x = b.input('x', { dtype: 'float32', shape: [2, 3, 4, 4] });
  const labels = b.input('labels', { dtype: 'int32', shape: [2] });
  const [filter, bias, weights] = [
    variable('filter', [4, 3, 3, 3]),
    variable('bias', [4]),
    variable('weights', [64, 5]),
  ];
  const y = b.op('Conv2D', { x, filter }, { padding: 'SAME' }, 'conv');
  const r = b.op('Relu', { x: b.op('BiasAdd', { x: y, bias }, {}, 'biased') }, {}, 'relu');
  const n = b.op('LRN', { x: r }, { depthRadius: 1, bias: 1, alpha: 0.1, beta: 0.75 }, 'norm');
  const flat = b.op('Reshape', { x: n }, { shape: [2, 64] }, 'flat');
  const logits = b.op('MatMul', { a: flat, b: weights }, { transposeA: false, transposeB: false }, 'logits');
  const { loss } = b.outputsOf('SparseSoftmaxCrossEntropyWithLogits', { logits, labels }, {}, 'entropy');
  const total = b.op('Mean', { x: loss }, { axes: [0], keepDims: false }, 'total');
  b.output('total', total);
  b.watch('activations', r);
  const rate = b.input('rate', { dtype: 'float32', shape: [] });
  for (const [index, gradient] of gradients(b, total, [filter, bias, weights]).entries()) {
    const of = [filter, bias, weights][index] as Value;
    b.result('exchanged', of.name, gradient);
    b.update(
      of,
      b.op('ApplyGradientDescent', { variable: of, gradient, learningRate: rate }, {}, `update ${of.name}`),
    );
  }
  return b.build();
}

/** Returns the type of the value that a node with the given path computes first. */
function typeOf(graph: Graph, path: string): string | undefined {
  const found = graph.nodes.findLast(
    ({ name, op }) => (name === path || name.startsWith(`${path}/`)) && op !== 'Cast',
  );
  return found && outputsOf(found)[0]?.[1].dtype;
}

describe('toFloat16', () => {
  const graph = smallStep();
  const after = typed(graph);
  const text = printGraph(after);

  test('casts the operands of matrix work once, and computes activations in float16', () => {
    for (const path of ['conv', 'biased', 'relu', 'flat', 'logits'])
      assert.equal(typeOf(after, path), 'float16', path);
    const casts = after.nodes.filter((node) => node.op === 'Cast' && node.inputs.x.name === 'x');
    assert.equal(casts.length, 1, 'the images, which the convolution and its filter gradient read');
  });
  test('computes LRN and its gradient in float32, and rounds their results', () => {
    assert.equal(typeOf(after, 'norm'), 'float32');
    assert.match(text, /norm\/Cast_1 = Cast\(x: norm\/LRN\) \{to: float16\}/);
    assert.match(text, /Cast\(x: \S*LRNGrad\S*\) \{to: float16\}/);
  });
  test('keeps the loss, the gradients of variables, updates and inputs in float32', () => {
    for (const [role, name, value] of resultEntries(after.results))
      assert.equal(value.dtype, 'float32', `${role} ${name}`);
    for (const value of [...after.inputs.values(), ...after.variables.values()])
      assert.notEqual(value.dtype, 'float16');
    assert.match(text, /logits\/Cast\S* = Cast\(x: logits\/MatMul\) \{to: float32\}/);
    // The sum over all positions of a batch is float32.
    const sum = after.nodes.find(({ op }) => op === 'BiasAddGrad');
    assert.equal(sum && inputsOf(sum)[0]?.[1].dtype, 'float32');
  });
  test('is the same when it is applied again', () => assert.equal(printGraph(typed(after)), text));
  test('does not change a step because values are watched', () => {
    const step = withoutWatched(after).nodes.map(printNode);
    assert.deepEqual(step, typed(withoutWatched(graph)).nodes.map(printNode));
    assert.equal(after.results.watched.get('activations')?.dtype, 'float32');
  });
  test('lets everything after an exchange read the averages', () => {
    const { second } = splitExchange(after);
    const names = [...second.inputs.keys()].filter((name) => name.startsWith('exchanged/'));
    assert.deepEqual(names.sort(), ['exchanged/bias', 'exchanged/filter', 'exchanged/weights']);
    for (const name of ['filter', 'bias', 'weights']) {
      const update = second.nodes.find((node) => node.name === `update ${name}`);
      assert.equal(update?.op === 'ApplyGradientDescent' && update.inputs.gradient.name, `exchanged/${name}`);
    }
  });
  test('leaves the operators of a target that has to add in float32 in float32', () => {
    const kept = toFloat16(['Conv2DBackpropFilter'])(graph);
    assert.ok(
      kept.nodes.some(
        ({ op, outputs }) => op === 'Conv2DBackpropFilter' && 'y' in outputs && outputs.y.dtype === 'float32',
      ),
    );
    assert.equal(typeOf(kept, 'conv'), 'float16');
  });
});

/** Values for the inputs and variables of a training step. */
function valuesFor(training: ReturnType<typeof buildTrainingGraph>): ReadonlyMap<string, Reference> {
  const stream = new RandomStream(0, 'test');
  const [batchSize = 1] = training.graph.inputs.get('labels')?.shape ?? [];
  const inputs = [...training.graph.inputs].map(([name, { dtype, shape }]) => {
    if (dtype === 'int32')
      return [name, { shape, data: Float64Array.from({ length: batchSize }, (_, i) => i % 4) }] as const;
    if (shape.length === 0)
      return [name, { shape, data: Float64Array.of(name === 'learning_rate' ? 0.1 : 0.5) }] as const;
    const values = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());
    return [name, reference(float32(shape, values))] as const;
  });
  const variables = [...initialVariables(training, 0)].map(
    ([name, tensor]) => [name, reference(tensor)] as const,
  );
  return new Map([...variables, ...inputs]);
}

const networks = {
  tutorial: { ...tutorialNetwork(4, { conv1: 16, conv2: 5, local3: 8, local4: 6 }), imageShape: [3, 8, 8] },
} as const;

describe('a whole training step in float16, computed in float64 with rounding', () => {
  for (const [name, network] of Object.entries(networks)) {
    const training = buildTrainingGraph({ network, batchSize: 2, hyperparameters: tutorialHyperparameters });
    const given = valuesFor(training);
    const exact = computeGraph(training.graph, given);
    const native = computeGraph(inPrecision(training.graph, gpu), given);

    test(`${name}: the loss is that of float32 up to the error of float16, but not the same`, () => {
      const [loss, rounded] = [exact.get('total_loss')?.data[0] ?? 0, native.get('total_loss')?.data[0] ?? 0];
      assert.ok(Math.abs(loss - rounded) < 2e-3 * loss, `${loss}, in float16 ${rounded}`);
      assert.notEqual(loss, rounded);
    });
    test(`${name}: the changes of the variables are those of float32 up to the error of float16`, () => {
      for (const path of training.graph.results.update.keys()) {
        const [before, wanted, found] = [given.get(path), exact.get(path), native.get(path)];
        assert.ok(before && wanted && found);
        const change = ({ data }: Reference) => data.map((value, i) => value - (before.data[i] ?? 0));
        const distance = relativeDistance(change(found), change(wanted));
        assert.ok(distance < 0.15, `${path}: ${distance}`);
      }
    });
    test(`${name}: rounded float32 values are the numbers of float16 values, except that gradients of filters keep more`, () => {
      for (const [result, value] of computeGraph(inPrecision(training.graph, cpu), given))
        assertClose(value, native.get(result) ?? value, 1e-3, result);
      assert.ok(
        inPrecision(training.graph, cpu).nodes.every((node) => {
          return outputsOf(node).every(([, { dtype }]) => dtype !== 'float16' || node.op === 'Cast');
        }),
      );
    });
    test(`${name}: the passes of a GPU keep the result, up to the error of float16`, () => {
      const prepared = prepare(training.graph, { device: 'webgpu', precision: 'float16' });
      const loss = computeGraph(prepared, given).get('total_loss')?.data[0] ?? 0;
      assert.ok(Math.abs(loss - (exact.get('total_loss')?.data[0] ?? 0)) < 2e-3 * loss, String(loss));
      assert.ok(
        prepared.nodes.some(
          ({ op, outputs }) => op === 'MatMul' && 'y' in outputs && outputs.y.dtype === 'float16',
        ),
      );
    });
  }
});

test('float32 is not changed by the passes of the precision, and has no casts', () => {
  const graph = smallStep();
  assert.equal(inPrecision(graph, { device: 'cpu', precision: 'float32' }), graph);
  assert.deepEqual(
    compileGraph(graph).model,
    compileGraph(graph, { device: 'cpu', precision: 'float32' }).model,
  );
});

test('a graph whose inputs and results are float16 keeps their types', () => {
  const b = new GraphBuilder('halves');
  const x = b.input('x', { dtype: 'float16', shape: [2, 3] });
  const w = b.variable('w', { dtype: 'float16', shape: [3, 3] });
  const y = b.op('MatMul', { a: x, b: w }, { transposeA: false, transposeB: false });
  b.output('y', y);
  b.update(w, b.op('Add', { a: w, b: w }));
  for (const graph of [typed(b.build()), roundToFloat16(typed(b.build()))])
    for (const [role, name, { dtype }] of resultEntries(graph.results))
      assert.equal(dtype, 'float16', `${role} ${name}`);
});
