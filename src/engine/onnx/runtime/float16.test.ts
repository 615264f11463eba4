/** Tests that sessions in float16 really round on the CPU, and that all networks train and evaluate in float16. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildEvaluationGraph } from '../../../evaluation/evaluation-graph.ts';
import type { Graph } from '../../../graph/graph.ts';
import { makeNetwork } from '../../../model/networks.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { numbersOfFloat16, roundToFloat16 } from '../../../tensor/float16.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, float32Data, scalar, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { relativeDistance } from '../../../testing/compare.ts';
import { buildTrainingGraph, initialVariables } from '../../../training/training-graph.ts';
import type { Tensors } from '../../engine.ts';
import { createEngine } from '../../engines.ts';
import type { PrecisionOf } from '../../offers.ts';

/** Runs a step. Returns the results and, after them, the variables. */
async function step(
  graph: Graph,
  precision: PrecisionOf<'onnx'>,
  feeds: Tensors,
  variables: Tensors = new Map(),
  watch = false,
): Promise<{ readonly results: Tensors; readonly after: Tensors }> {
  const session = await createEngine('onnx', { precision, threads: 2 }).compile(graph);
  try {
    await session.write(variables);
    return { results: await session.step(feeds, { watch }), after: await session.read() };
  } finally {
    await session.release();
  }
}

const numbers = (tensor: Tensor | undefined) => {
  assert.ok(tensor);
  return tensor.dtype === 'float16' ? numbersOfFloat16(tensor) : float32Data(tensor);
};

test('on the CPU, the results of matrix products and activations are rounded to float16', async () => {
  const b = new GraphBuilder('rounding');
  const x = b.input('x', { dtype: 'float32', shape: [1, 1] });
  const w = b.variable('w', { dtype: 'float32', shape: [1, 1] });
  const times = (a: typeof x) => b.op('MatMul', { a, b: w }, { transposeA: false, transposeB: false });
  const product = times(x);
  const squared = b.op('Square', { x: product });
  b.output('y', times(squared));
  b.watch('product', product);
  b.watch('squared', squared);
  const [given, weight] = [1 / 3, 1.1];
  const feeds = new Map([['x', float32([1, 1], [given])]]);
  const variables = new Map([['w', float32([1, 1], [weight])]]);
  const { results, after } = await step(b.build(), 'float16', feeds, variables, true);
  const half = roundToFloat16;
  const expected = half(half(given) * half(weight));
  assert.equal(numbers(results.get('product'))[0], expected);
  assert.equal(numbers(results.get('squared'))[0], half(expected ** 2));
  // The last product is only read as float32, so it is not rounded.
  assert.equal(numbers(results.get('y'))[0], Math.fround(half(expected ** 2) * half(weight)));
  assert.deepEqual(after.get('w'), variables.get('w'), 'variables keep their float32 values');
});

test('numbers beyond 65,504 become infinite, and a value that must be finite then keeps the variables', async () => {
  const b = new GraphBuilder('overflow');
  const x = b.input('x', { dtype: 'float32', shape: [1, 1] });
  const w = b.variable('w', { dtype: 'float32', shape: [1, 1] });
  const y = b.op('MatMul', { a: x, b: w }, { transposeA: false, transposeB: false });
  const sum = b.op('Sum', { x: b.op('Relu', { x: y }) }, { axes: [0, 1], keepDims: false });
  b.output('sum', sum);
  b.result('finite', 'sum', sum);
  b.update(w, b.op('Add', { a: w, b: sum }));
  const variables = new Map([['w', float32([1, 1], [2])]]);
  const run = (value: number) =>
    step(b.build(), 'float16', new Map([['x', float32([1, 1], [value])]]), variables);
  const [within, beyond] = [await run(32752), await run(32768)];
  assert.deepEqual(
    [numbers(within.results.get('sum'))[0], numbers(within.after.get('w'))[0]],
    [65504, 65506],
  );
  assert.deepEqual([numbers(beyond.results.get('sum'))[0], numbers(beyond.after.get('w'))[0]], [Infinity, 2]);
});

const networks = {
  cifar10: makeNetwork('cifar10', 10, {}),
  cifar10_local: makeNetwork('cifar10_local', 10, {}),
  resnet: makeNetwork('resnet', 10, { depth: 8 }),
} as const;

describe('float16 on the CPU', () => {
  for (const [name, network] of Object.entries(networks)) {
    const training = buildTrainingGraph({ network, batchSize: 4, hyperparameters: tutorialHyperparameters });
    const variables = initialVariables(training, 0);
    const stream = new RandomStream(0, 'test');
    const feeds = new Map<string, Tensor>(
      [...training.graph.inputs].map(([input, { dtype, shape }]) => {
        if (dtype === 'int32') return [input, { dtype, shape, data: Int32Array.of(1, 2, 3, 0) }];
        if (shape.length === 0) return [input, scalar(input === 'learning_rate' ? 0.1 : 0.5)];
        return [
          input,
          float32(
            shape,
            Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
          ),
        ];
      }),
    );

    test(`${name}: the first step has the loss and the updates of float32, up to the error of float16`, async () => {
      const [exact, rounded] = [
        await step(training.graph, 'float32', feeds, variables),
        await step(training.graph, 'float16', feeds, variables),
      ];
      const loss = ({ results }: typeof exact) => numbers(results.get('total_loss'))[0] ?? Number.NaN;
      assert.ok(
        Math.abs(loss(exact) - loss(rounded)) < 1e-3 * loss(exact),
        `${loss(exact)}, ${loss(rounded)}`,
      );
      assert.notEqual(loss(exact), loss(rounded));
      for (const [path, { role }] of training.graph.variables) {
        if (role !== 'parameter') continue;
        const before = numbers(variables.get(path));
        const change = ({ after }: typeof exact) =>
          numbers(after.get(path)).map((value, i) => value - (before[i] ?? 0));
        const distance = relativeDistance(change(rounded), change(exact));
        // Where the largest cells of a pool tie in float16, the gradient goes to another cell.
        assert.ok(distance < 0.2, `${path}: ${distance}`);
      }
    });

    test(`${name}: an evaluation has the logits of float32, up to the error of float16`, async () => {
      const graph = buildEvaluationGraph(network, 4);
      const own = new Map([...variables].filter(([path]) => graph.variables.has(path)));
      const images = new Map([...feeds].filter(([input]) => graph.inputs.has(input)));
      const [exact, rounded] = [
        await step(graph, 'float32', images, own),
        await step(graph, 'float16', images, own),
      ];
      for (const [output, value] of exact.results) {
        if (value.dtype !== 'float32') continue;
        const distance = relativeDistance(numbers(rounded.results.get(output)), value.data);
        assert.ok(distance < 5e-3, `${output}: ${distance}`);
      }
    });
  }
});
