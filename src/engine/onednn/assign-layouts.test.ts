import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { gradients } from '../../autodiff/gradients.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { engineCase } from '../../testing/engines.ts';
import { assignLayouts } from './assign-layouts.ts';
import { checkProgram } from './check-program.ts';
import { programOf } from './compile.ts';
import { insertReorders } from './insert-reorders.ts';
import type { LaidOutProgram } from './laid-out.ts';
import { type Layout, LayoutTable, type TensorForm } from './layout-table.ts';
import { makePrimitives } from './make-primitives.ts';
import { Onednn } from './native/onednn.ts';
import { printProgram } from './print-program.ts';

const { skip } = engineCase('onednn');
const float = (shape: readonly number[]) => ({ dtype: 'float32', shape }) as const;

/** Builds y = relu(x · w + b), and w' = w · w. */
function dense(): GraphBuilder {
  const builder = new GraphBuilder('dense');
  const [x, w] = [builder.input('x', float([2, 16])), builder.variable('w', float([16, 4]))];
  const product = builder.op('MatMul', { a: x, b: w }, { transposeA: false, transposeB: false }, 'product');
  const sum = builder.op('BiasAdd', { x: product, bias: builder.variable('b', float([4])) }, {}, 'sum');
  builder.output('y', builder.op('Relu', { x: sum }, {}, 'relu'));
  builder.update(w, builder.op('Square', { x: w }, {}, 'square'));
  return builder;
}

/** Builds a convolution whose input is computed, and an update of its filter. */
function convolution(): GraphBuilder {
  const builder = new GraphBuilder('convolution');
  const filter = builder.variable('filter', float([32, 16, 3, 3]));
  const x = builder.op('Relu', { x: builder.input('x', float([2, 16, 8, 8])) }, {}, 'relu');
  builder.output('y', builder.op('Conv2D', { x, filter }, { padding: 'SAME' }, 'conv'));
  builder.update(filter, builder.op('Square', { x: filter }, {}, 'square'));
  return builder;
}

/** Builds the largest value of each channel of x [2, 16, side, side], and the gradient of their sum of squares. */
function globalPool(side: number): GraphBuilder {
  const builder = new GraphBuilder('pool');
  const x = builder.variable('x', float([2, 16, side, side]));
  const pooled = builder.op('MaxPool', { x }, { size: side, stride: side, padding: 'VALID' }, 'pool');
  const y = builder.op('Reshape', { x: pooled }, { shape: [2, 16] });
  const square = builder.op('Square', { x: y });
  const loss = builder.op('Sum', { x: square }, { axes: [0, 1], keepDims: false });
  for (const gradient of gradients(builder, loss, [x])) builder.output('dx', gradient);
  return builder;
}

/** Describes images of 4×4 cells in the order [N, H, W, C], as convolutions do on some CPUs. */
class ChannelsLast extends LayoutTable {
  readonly #images = new Map<string, Layout>();

  override rowMajor(form: TensorForm): Layout {
    const layout = super.rowMajor(form);
    if (form.dims.join() !== '2,16,4,4') return layout;
    const known = this.#images.get(form.type) ?? { ...layout, descriptor: this.describeChannelsLast(form) };
    this.#images.set(form.type, known);
    return known;
  }
}

describe('programs with layouts', { skip }, () => {
  const onednn = skip === false ? new Onednn(1) : undefined;
  after(() => onednn?.release());
  const withLayouts = (builder: GraphBuilder) => {
    assert.ok(onednn);
    const table = new LayoutTable(onednn);
    return { onednn, table, program: assignLayouts(programOf(builder.build(), 'float32'), table, onednn) };
  };

  test('are row-major throughout if all their calls are products, which choose no layouts', () => {
    const { program } = withLayouts(dense());
    assert.equal(
      printProgram(checkProgram(program)),
      [
        'program dense, assigned',
        'input x → float32 [2, 16] row-major',
        'variable w → float32 [16, 4] row-major',
        'variable b → float32 [4] row-major',
        'product: matmul + relu(src: x float32 [2, 16] row-major, weights: w float32 [16, 4] row-major, ' +
          'bias: b float32 [1, 4] row-major) → relu float32 [2, 4] row-major',
        'square: binary(src: w float32 [16, 4] row-major, src1: w float32 [16, 4] row-major) → square float32 [16, 4] row-major',
        'output y = relu float32 [2, 4] row-major',
        'update w = square float32 [16, 4] row-major',
        '',
      ].join('\n'),
    );
  });

  test('give a filter, its update and elementwise calls on it the layout that the convolution chooses', () => {
    const { program } = withLayouts(convolution());
    const conv = program.calls.find(({ kind }) => kind === 'convolution_forward');
    const square = program.calls.find(({ name }) => name === 'square');
    const chosen = conv?.reads.find(({ argument }) => argument === 'weights')?.layout;
    assert.ok(chosen);
    assert.match(chosen.text, /^layout \d+$/);
    assert.equal(
      program.homes.get(program.variables.get('filter') ?? square?.writes[0]?.slot ?? never()),
      chosen,
    );
    assert.deepEqual(
      [...(square?.reads ?? []), ...(square?.writes ?? [])].map(({ layout }) => layout),
      [chosen, chosen, chosen],
    );
    assert.equal(program.results.update.get('filter')?.layout, chosen);
    assert.equal(program.results.output.get('y')?.layout.text, 'row-major');
  });

  for (const side of [1, 4])
    test(`pool images of ${side}×${side} cells to one cell per channel without reference code`, () => {
      assert.ok(onednn);
      const table = new ChannelsLast(onednn);
      const program = insertReorders(table)(
        assignLayouts(programOf(globalPool(side).build(), 'float32'), table, onednn),
      );
      const { steps } = makePrimitives(program, table, onednn);
      const pools = steps.filter(({ op }) => op.startsWith('MaxPool'));
      assert.deepEqual(
        pools.map(({ op }) => op),
        ['MaxPool', 'MaxPoolGrad'],
      );
      for (const { text, implementation } of pools) assert.doesNotMatch(implementation, /\bref\b/, text);
    });

  test('become plans with a primitive for each call and a buffer for each tensor', () => {
    const { onednn: library, table, program } = withLayouts(convolution());
    const reordered: LaidOutProgram = checkProgram(insertReorders(table)(program));
    const plan = makePrimitives(reordered, table, library);
    assert.deepEqual(
      plan.steps.map(({ name }) => name),
      reordered.calls.map(({ name }) => name),
    );
    const { buffer, layout, rowMajor } = plan.variables.get('filter') ?? never();
    assert.deepEqual([buffer.persistent, buffer.bytes, layout === rowMajor], [true, layout.bytes, false]);
    assert.equal(plan.results.update.get('filter')?.layout, layout);
    for (const { text, reads, writes, implementation } of plan.steps) {
      assert.ok(implementation.length > 0, text);
      assert.ok(reads.length > 0 && writes.every((argument) => !argument.buffer.persistent), text);
    }
  });
});

function never(): never {
  throw new Error('not in the program');
}
