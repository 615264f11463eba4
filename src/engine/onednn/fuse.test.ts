import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Value } from '../../graph/graph.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { scalar } from '../../tensor/tensor.ts';
import { fuseBias, fuseBiasGradient, fuseChains, headChains, pruneCalls } from './fuse.ts';
import { lower } from './lower.ts';
import { type Program, type ProgramPass, printCall } from './program.ts';

const image = { dtype: 'float32', shape: [2, 16, 4, 4] } as const;
const row = { dtype: 'float32', shape: [2, 16] } as const;

/** Returns the program of a graph whose outputs are the values that `build` returns. */
function programOf(build: (builder: GraphBuilder) => Readonly<Record<string, Value>>): Program {
  const builder = new GraphBuilder('fused');
  for (const [name, value] of Object.entries(build(builder))) builder.output(name, value);
  return lower(builder.build());
}

/** Prints the calls of a program without the shapes of their results. */
function calls(program: Program, ...passes: readonly ProgramPass[]): readonly string[] {
  const rewritten = passes.reduce((before, pass) => pass(before), program);
  return rewritten.calls.map((call) => printCall(call).replace(/ → .*/, ''));
}

describe('fuseBias', () => {
  const biased = (b: GraphBuilder, read: boolean) => {
    const [x, weights] = [b.input('x', row), b.input('weights', { dtype: 'float32', shape: [16, 16] })];
    const bias = b.input('bias', { dtype: 'float32', shape: [16] });
    const product = b.op('MatMul', { a: x, b: weights }, { transposeA: false, transposeB: false }, 'product');
    const y = b.op('BiasAdd', { x: product, bias }, {}, 'y');
    return read ? { y, product } : { y };
  };
  test('makes a bias an argument of the product', () => {
    const program = programOf((b) => biased(b, false));
    assert.deepEqual(calls(program), [
      'product: matmul(src: x, weights: weights)',
      'y: binary(src: product, src1: bias)',
    ]);
    assert.deepEqual(calls(program, fuseBias), ['product: matmul(src: x, weights: weights, bias: bias)']);
  });
  test('leaves a product with a second reader unchanged', () => {
    const program = programOf((b) => biased(b, true));
    assert.deepEqual(calls(program, fuseBias), calls(program));
  });
});

describe('fuseBiasGradient', () => {
  test('makes the sum of dy a result of the filter gradient that reads the same dy', () => {
    const program = programOf((b) => {
      const [x, dy] = [b.input('x', image), b.input('dy', image)];
      const filterShape = [16, 16, 3, 3];
      return {
        filter: b.op('Conv2DBackpropFilter', { x, dy }, { padding: 'SAME', filterShape }, 'filter_grad'),
        bias: b.op('BiasAddGrad', { dy }, {}, 'bias_grad'),
      };
    });
    assert.equal(calls(program).length, 2);
    const fused = fuseBiasGradient(program).calls;
    assert.deepEqual(
      fused.map(({ kind, writes }) => [kind, Object.keys(writes)]),
      [['convolution_backward_weights', ['diffWeights', 'diffBias']]],
    );
  });
});

describe('fuseBiasGradient', () => {
  const kinds = (program: Program) =>
    fuseBiasGradient(program).calls.map(({ kind, writes }) => `${kind} ${Object.keys(writes).join()}`);
  const filterShape = [16, 16, 3, 3];
  test('puts the fused call where the filter gradient was, even if the sum comes first', () => {
    const program = programOf((b) => {
      const [x, dy] = [b.input('x', image), b.input('dy', image)];
      const bias = b.op('BiasAddGrad', { dy }, {}, 'bias_grad');
      const relu = b.op('Relu', { x }, {}, 'relu');
      const filter = b.op('Conv2DBackpropFilter', { x: relu, dy }, { padding: 'SAME', filterShape });
      return { bias, filter };
    });
    assert.deepEqual(kinds(program), [
      'eltwise_forward dst',
      'convolution_backward_weights diffWeights,diffBias',
    ]);
  });
  test('fuses the sum with the first of two filter gradients of the same dy, and keeps both gradients', () => {
    const program = programOf((b) => {
      const [x, z, dy] = ['x', 'z', 'dy'].map((name) => b.input(name, image)) as [Value, Value, Value];
      const gradient = (of: Value) =>
        b.op('Conv2DBackpropFilter', { x: of, dy }, { padding: 'SAME', filterShape });
      return { bias: b.op('BiasAddGrad', { dy }), one: gradient(x), other: gradient(z) };
    });
    assert.deepEqual(kinds(program), [
      'convolution_backward_weights diffWeights,diffBias',
      'convolution_backward_weights diffWeights',
    ]);
  });
});

describe('fuseChains', () => {
  test('fuses elementwise functions into one pass over memory', () => {
    const program = programOf((b) => {
      const [x, y, z] = ['x', 'y', 'z'].map((name) => b.input(name, row)) as [Value, Value, Value];
      const product = b.op('Mul', { a: x, b: y }, {}, 'product');
      return { out: b.op('Sub', { a: z, b: b.op('Sqrt', { x: product }, {}, 'root') }, {}, 'difference') };
    });
    assert.equal(calls(program).length, 3);
    assert.deepEqual(calls(program, fuseChains), [
      'product: binary + sqrt + linear + add z(src: x, src1: y)',
    ]);
  });
  test('splits a chain that is longer than the 32 post-ops that oneDNN accepts', () => {
    const program = programOf((b) => {
      const terms = Array.from({ length: 100 }, (_, index) => b.input(`x${index}`, row));
      return { sum: terms.reduce((a, other) => b.op('Add', { a, b: other })) };
    });
    const fused = headChains(fuseChains(program)).calls;
    assert.ok(fused.length > 1 && fused.length < 5, `${fused.length} calls`);
    assert.ok(fused.every(({ postOps }) => postOps.length <= 32));
    // Every addition is either a call or a post-op.
    assert.equal(
      fused.reduce((sum, { postOps }) => sum + 1 + postOps.length, 0),
      99,
    );
  });
  test('does not fuse a value with two readers', () => {
    const program = programOf((b) => {
      const product = b.op('Mul', { a: b.input('x', row), b: b.input('y', row) }, {}, 'product');
      return { root: b.op('Sqrt', { x: product }), relu: b.op('Relu', { x: product }) };
    });
    assert.deepEqual(calls(program, fuseChains).length, 3);
  });
  test('makes a function of the result of a convolution a post-op of the convolution', () => {
    const program = programOf((b) => {
      const filter = b.input('filter', { dtype: 'float32', shape: [16, 16, 1, 1] });
      const y = b.op('Conv2D', { x: b.input('x', image), filter }, { padding: 'SAME' }, 'conv');
      return { y: b.op('Relu', { x: y }, {}, 'relu') };
    });
    assert.deepEqual(calls(program, fuseChains), [
      'conv: convolution_forward + relu(src: x, weights: filter)',
    ]);
  });
});

test('headChains turns a scalar operand into a post-op of a call with two full-size operands', () => {
  const program = programOf((b) => {
    const rate = b.input('rate', scalar(0));
    return { y: b.op('Mul', { a: b.input('x', row), b: rate }, {}, 'scaled') };
  });
  assert.deepEqual(calls(program, headChains), ['scaled: binary + mul rate(src: x, src1: x)']);
});

test('pruneCalls removes calls whose results are never read', () => {
  const program = programOf((b) => {
    const x = b.input('x', row);
    b.op('Sqrt', { x }, {}, 'unread');
    return { y: b.op('Relu', { x }, {}, 'read') };
  });
  assert.deepEqual(calls(program, pruneCalls), ['read: eltwise_forward(src: x)']);
});
