import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../autodiff/gradients.ts';
import type { Graph } from '../../../graph/graph.ts';
import { GraphBuilder } from '../../../ops/builder.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { sizeOf } from '../../../tensor/tensor.ts';
import { assertClose } from '../../../testing/compare.ts';
import { computeGraph } from '../../../testing/reference.ts';
import { cookToom, type Matrix, transposed } from '../../cook-toom.ts';
import { expand } from './expand.ts';
import { expandConvolution } from './expand-convolution.ts';
import { capabilitiesOf, cpuTarget } from './targets.ts';

/** Builds a convolution of images [1, 16, h, w], its loss and both gradients. */
function convolutionGraph(h: number, w: number, taps: number): Graph {
  const b = new GraphBuilder('convolution');
  const x = b.input('x', { dtype: 'float32', shape: [1, 16, h, w] });
  const filter = b.variable('filter', { dtype: 'float32', shape: [2, 16, taps, taps] }, 'parameter');
  const y = b.op('Conv2D', { x, filter }, { padding: 'SAME' });
  b.output('y', y);
  const loss = b.op('L2Loss', { x: y });
  for (const [index, slope] of gradients(b, loss, [x, filter]).entries()) b.output(`slope ${index}`, slope);
  return b.build();
}

describe('a convolution by the algorithm of Winograd is the same as by its definition', () => {
  // The axes have 2, 3, 4, 5 and 8 tiles, which are one block or several.
  for (const [h, w, taps] of [
    [8, 12, 3],
    [16, 32, 3],
    [20, 8, 3],
    [24, 16, 5],
  ] as const)
    test(`${h} × ${w} cells, ${taps} × ${taps} taps`, () => {
      const graph = convolutionGraph(h, w, taps);
      const stream = new RandomStream(3, 'test');
      const values = new Map(
        [...graph.inputs, ...graph.variables].map(([name, { shape }]) => {
          return [name, { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => stream.normal()) }];
        }),
      );
      const expanded = expand(expandConvolution(capabilitiesOf(cpuTarget)))(graph);
      assert.ok(expanded.nodes.every(({ op }) => !op.startsWith('Conv2D')));
      const actual = computeGraph(expanded, values);
      for (const [name, value] of computeGraph(graph, values))
        assertClose(actual.get(name), value, 1e-6, name); // not exact, because the matrices are float32
    });
});

/** Returns the root mean square of the error of float32 relative to that of the outputs, for one axis and many tiles. */
function errorOf(m: number, r: number, channels = 64, tiles = 500): number {
  const { A, B, G } = cookToom(m, r);
  const stream = new RandomStream(4, 'test');
  const random = (count: number) => Array.from({ length: count }, () => Math.fround(stream.normal()));
  const compute = (inputs: Matrix, filters: Matrix, round: (x: number) => number) => {
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, i) => round(sum + round(round(x) * (b[i] ?? 0))), 0);
    const times = (matrix: Matrix, x: readonly number[]) => matrix.map((row) => dot(row, x));
    const U = transposed(filters.map((filter) => times(G, filter)));
    const V = transposed(inputs.map((input) => times(B, input)));
    return times(
      A,
      V.map((v, point) => dot(v, U[point] ?? [])),
    );
  };
  const sums = [0, 0];
  for (let tile = 0; tile < tiles; tile++) {
    const inputs = Array.from({ length: channels }, () => random(m + r - 1));
    const filters = Array.from({ length: channels }, () => random(r));
    const exact = compute(inputs, filters, (x) => x);
    for (const [i, y] of compute(inputs, filters, Math.fround).entries()) {
      sums[0] = (sums[0] ?? 0) + (y - (exact[i] ?? 0)) ** 2;
      sums[1] = (sums[1] ?? 0) + (exact[i] ?? 0) ** 2;
    }
  }
  return Math.sqrt((sums[0] ?? 0) / (sums[1] ?? 1));
}

test('the points keep the errors of float32 small', () => {
  assert.ok(errorOf(4, 3) < 4.5e-7, `${errorOf(4, 3)}`);
  assert.ok(errorOf(4, 5) < 8e-7, `${errorOf(4, 5)}`);
});

test('numbers of outputs and taps without points are refused', () => {
  assert.throws(() => cookToom(2, 3), {
    name: 'RangeError',
    message: 'found no points for 2 outputs of 3 taps',
  });
});
