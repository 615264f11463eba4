import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../autodiff/gradients.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { assertClose } from '../../testing/compare.ts';
import { engines } from '../../testing/engines.ts';
import { computeGraph, reference } from '../../testing/reference.ts';
import { programOf } from './compile.ts';
import { fuseNormRelu } from './fuse-norm-relu.ts';
import { lower } from './lower.ts';
import { actionOf } from './program.ts';

const shape = [4, 16, 6, 5];

interface Options {
  /** Whether another node reads the result of the normalization too. */
  readonly alsoRead?: boolean;
  /** Whether the result of the normalization is watched. */
  readonly watched?: boolean;
}

/** Builds batch normalization with ReLU, whose result is z, the loss Σ w · z, and the gradients of the loss. */
function trainingGraph({ alsoRead = false, watched = false }: Options = {}): Graph {
  const b = new GraphBuilder('normalized');
  const x = b.input('x', { dtype: 'float32', shape });
  const weights = b.input('w', { dtype: 'float32', shape });
  const [scale, offset] = ['scale', 'offset'].map((name) => b.input(name, { dtype: 'float32', shape: [16] }));
  assert.ok(scale && offset);
  const y = b.op('FusedBatchNormV3', { x, scale, offset }, { epsilon: 1e-5 }, 'norm');
  const z = b.op('Relu', { x: y }, {}, 'relu');
  const sum = (value: Value) =>
    b.op('Sum', { x: b.op('Mul', { a: value, b: weights }) }, { axes: [0, 1, 2, 3], keepDims: false });
  const loss = alsoRead ? b.op('Add', { a: sum(z), b: sum(y) }) : sum(z);
  b.output('loss', loss);
  b.output('z', z);
  for (const [index, slope] of gradients(b, loss, [x, scale, offset]).entries())
    b.output(`slope ${index}`, slope);
  if (watched) b.watch('norm', y);
  return b.build();
}

const feeds: ReadonlyMap<string, Tensor> = new Map(
  [...trainingGraph().inputs].map(([name, type], index) => {
    const stream = new RandomStream(0, 'test', 0, index);
    const values = Float32Array.from({ length: sizeOf(type.shape) }, () => stream.normal());
    return [name, float32(type.shape, values)];
  }),
);

const actions = (graph: Graph) => fuseNormRelu(lower(graph)).calls.map(actionOf);

describe('batch normalization computes the ReLU that follows it', () => {
  test('in training, with its gradient', () => {
    const found = actions(trainingGraph());
    assert.ok(found.includes('batch_normalization_forward + relu'));
    assert.ok(found.includes('batch_normalization_backward + relu'));
    assert.ok(!found.includes('eltwise_forward'));
  });
  test('but not if another node reads the result', () => {
    assert.ok(!actions(trainingGraph({ alsoRead: true })).some((action) => action.includes('+ relu')));
  });
  test('in evaluation', () => {
    const b = new GraphBuilder('evaluation');
    const vectors = ['mean', 'variance', 'scale', 'offset'].map((name) =>
      b.input(name, { dtype: 'float32', shape: [16] }),
    );
    const [mean, variance, scale, offset] = vectors;
    assert.ok(mean && variance && scale && offset);
    const inputs = { x: b.input('x', { dtype: 'float32', shape }), mean, variance, scale, offset };
    const y = b.op('BatchNormWithGlobalNormalization', inputs, { epsilon: 1e-5 });
    b.output('z', b.op('Relu', { x: y }));
    assert.deepEqual(actions(b.build()), ['batch_normalization_forward + relu']);
  });
});

for (const { name, skip, create } of engines.filter((engine) => engine.name === 'onednn'))
  for (const options of [{}, { alsoRead: true }, { watched: true }])
    test(`${name} agrees with the reference, ${JSON.stringify(options)}`, { skip }, async () => {
      const graph = trainingGraph(options);
      const expected = computeGraph(
        graph,
        new Map([...feeds].map(([key, value]) => [key, reference(value)])),
      );
      const session = await create(2).compile(graph);
      const actual = await session.step(feeds, options.watched ? { watch: true } : {});
      await session.release();
      for (const key of graph.results.output.keys())
        assertClose(actual.get(key), expected.get(key) ?? assert.fail(key), 1e-5, key);
    });

test('the program of a step has no ReLU gradient between the two', () => {
  const kinds = programOf(trainingGraph(), 'bfloat16').calls.map(actionOf);
  assert.ok(kinds.includes('batch_normalization_backward + relu'));
});
