import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../../autodiff/gradients.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import { printGraph } from '../../../graph/print.ts';
import { makeNetwork } from '../../../model/networks.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { commuteBias, commuteRelu } from '../../../passes/commute-pool.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { sizeOf } from '../../../tensor/tensor.ts';
import { assertClose } from '../../../testing/compare.ts';
import { computeGraph } from '../../../testing/reference.ts';
import { buildTrainingGraph } from '../../../training/training-graph.ts';
import { turn } from './layout.ts';
import { onnxPasses } from './passes.ts';
import { splitBatch } from './split-batch.ts';
import { capabilitiesOf, cpuTarget } from './targets.ts';

/** The bytes of the largest image of the graph below: 8 × 8 cells of 4 channels. */
const image = 8 * 8 * 4 * 4;

/** Builds two convolutions: the first one with a pool, the second one with so many inputs that it stays whole. */
function graphOf(batch: number, { pool = true } = {}): Graph {
  const b = new GraphBuilder('two layers');
  const layer = (x: Value, inputs: number, outputs: number, name: string) => {
    const filter = b.variable(
      `${name}/filter`,
      { dtype: 'float32', shape: [outputs, inputs, 3, 3] },
      'parameter',
    );
    const bias = b.variable(`${name}/bias`, { dtype: 'float32', shape: [outputs] }, 'parameter');
    const convolved = b.op('Conv2D', { x, filter }, { padding: 'SAME' }, `${name}/Conv2D`);
    return { y: b.op('BiasAdd', { x: convolved, bias }), of: [filter, bias] };
  };
  const x = b.input('x', { dtype: 'float32', shape: [batch, 2, 8, 8] });
  const first = layer(x, 2, 4, 'first');
  const pooled = pool ? b.op('MaxPool', { x: first.y }, { size: 3, stride: 2, padding: 'SAME' }) : first.y;
  const wide = b.op('Concat', new Array<Value>(8).fill(pooled), { axis: 1 });
  const second = layer(wide, 32, 1, 'second');
  b.watch('convolved', first.y);
  const loss = b.op('L2Loss', { x: second.y }, {}, 'loss');
  b.output('loss', loss);
  const of = [...first.of, ...second.of, x];
  for (const [index, slope] of gradients(b, loss, of).entries()) b.output(`slope ${index}`, slope);
  return b.build();
}

function calls(graph: Graph, name: RegExp): number {
  return graph.nodes.filter((node) => name.test(`${node.name} ${node.op}`)).length;
}

test('a group with a convolution and a pool is computed in parts, and a convolution with many inputs is not', () => {
  const graph = graphOf(12);
  const split = splitBatch(3 * image)(graph);
  assert.equal(calls(split, /^first\/.* Conv2D$/), 4);
  assert.equal(calls(split, / MaxPoolGrad$/), 4);
  assert.equal(calls(split, /^second\/.* Conv2D$/), 1);
  assert.equal(calls(split, / Conv2DBackpropFilter$/), 5);
  const stream = new RandomStream(5, 'test');
  const values = new Map(
    [...graph.inputs, ...graph.variables].map(([name, { shape }]) => {
      return [name, { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => stream.normal()) }];
    }),
  );
  const actual = computeGraph(split, values);
  for (const [name, value] of computeGraph(graph, values)) assertClose(actual.get(name), value, 1e-12, name);
});

test('the number of parts is the smallest divisor of the batch with small parts, up to 16', () => {
  const parts = (batch: number, bytes: number) =>
    calls(splitBatch(bytes)(graphOf(batch)), /^first\/.* Conv2D$/);
  assert.equal(parts(12, 12 * image), 1);
  assert.equal(parts(12, 5 * image), 3);
  assert.equal(parts(64, image), 16);
  assert.equal(parts(13, 3 * image), 13);
  assert.equal(parts(17, 3 * image), 1);
});

test('a graph without an operator that gains from parts is not changed', () => {
  const graph = graphOf(12, { pool: false });
  assert.equal(printGraph(splitBatch(image)(graph)), printGraph(graph));
});

test('watched values do not change which operators are divided', () => {
  const [whole, step] = [graphOf(12), withoutWatched(graphOf(12))].map((graph) =>
    withoutWatched(splitBatch(3 * image)(commuteBias(commuteRelu(graph)))),
  );
  assert.ok(whole && step);
  assert.equal(printGraph(whole), printGraph(step));
});

test('parts are cut and joined in the order of axes of the engine', () => {
  const { graph } = buildTrainingGraph({
    network: makeNetwork('cifar10', 10),
    batchSize: 128,
    hyperparameters: tutorialHyperparameters,
  });
  const capabilities = capabilitiesOf(cpuTarget);
  const [inParts, whole] = [capabilities.partBytes, undefined].map((partBytes) =>
    onnxPasses({ ...capabilities, partBytes }).reduce(
      (current, pass) => pass(current),
      withoutWatched(graph),
    ),
  );
  assert.ok(inParts && whole);
  const turns = ({ nodes }: Graph) =>
    nodes.filter(({ op, attributes }) => {
      return op === 'Transpose' && 'order' in attributes && attributes.order.join() === turn.join();
    }).length;
  assert.ok(calls(inParts, / StridedSlice$/) > calls(whole, / StridedSlice$/), 'the graph has parts');
  assert.ok(turns(whole) > 0);
  assert.equal(turns(inParts), turns(whole));
});
