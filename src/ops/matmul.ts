/** Matrix products. */

import type { Value } from '../graph/graph.ts';
import { sizeOf, type TensorType } from '../tensor/tensor.ts';
import type { Apply, OpDefinition } from './definition.ts';
import { aligned } from './primitives.ts';
import { axesOf, broadcast, like, requireEqual, requireFloats, requireSameDtype } from './shapes.ts';

/** y = a' b', where a' [N, I] is a or its transpose, b' [I, O] is b or its transpose, and y is [N, O]. */
export const matMul: OpDefinition<'MatMul'> = {
  infer: ({ a, b }, { transposeA, transposeB }) => {
    requireFloats('a', a, 'N, I');
    requireFloats('b', b, 'I, O');
    requireSameDtype('a and b', a, b);
    const [rows, inner] = matrix(a, transposeA);
    const [innerOfB, columns] = matrix(b, transposeB);
    requireEqual('the inner sizes of a and b', inner, innerOfB);
    return { y: like(a, [rows, columns]) };
  },
  gradient: {
    // For y = a'b', da' = dy b'ᵀ and db' = a'ᵀ dy. The gradient of a transposed operand has to be transposed too.
    a: ({ op, inputs: { b }, attributes: { transposeA, transposeB }, dy }) =>
      transposeA
        ? op('MatMul', { a: b, b: dy }, { transposeA: transposeB, transposeB: true })
        : op('MatMul', { a: dy, b }, { transposeA: false, transposeB: !transposeB }),
    b: ({ op, inputs: { a }, attributes: { transposeA, transposeB }, dy }) =>
      transposeB
        ? op('MatMul', { a: dy, b: a }, { transposeA: true, transposeB: transposeA })
        : op('MatMul', { a, b: dy }, { transposeA: !transposeA, transposeB: false }),
  },
  float16: 'operands',
  onnx: ({ inputs: { a, b }, attributes: { transposeA, transposeB }, emit }) => ({
    y: emit('Gemm', [a, b], { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } }),
  }),
  onednn: ({ inputs: { a, b }, outputTypes, attributes: { transposeA, transposeB }, call }) => ({
    y: call('matmul', { src: a, weights: b }, outputTypes.y.shape, {
      transposed: [...(transposeA ? ['src' as const] : []), ...(transposeB ? ['weights' as const] : [])],
    }),
  }),
  multiplyAdds: ({ a }, { y: { shape } }) => sizeOf(a.shape) * (shape[1] ?? 0),
};

function matrix(
  { shape: [rows = 0, columns = 0] }: TensorType,
  transposed: boolean,
): readonly [number, number] {
  return transposed ? [columns, rows] : [rows, columns];
}

/** y[…, n, o] = Σ_i a[…, n, i] · b[…, i, o]. The axes before the last two broadcast. */
export const batchMatMul: OpDefinition<'BatchMatMul'> = {
  infer: ({ a, b }) => {
    const [rows = 1, inner = 1] = a.shape.slice(-2);
    const [innerOfB = 1, columns = 1] = b.shape.slice(-2);
    requireEqual('the inner sizes of a and b', inner, innerOfB);
    const batch = broadcast(like(a, a.shape.slice(0, -2)), like(b, b.shape.slice(0, -2)));
    return { y: like(a, [...batch, rows, columns]) };
  },
  gradient: {
    a: ({ op, inputs: { b }, dy }) => op('BatchMatMul', { a: dy, b: flipped(op, b) }),
    b: ({ op, inputs: { a }, dy }) => op('BatchMatMul', { a: flipped(op, a), b: dy }),
  },
  float16: 'operands',
  onnx: ({ inputs: { a, b }, emit }) => ({ y: emit('MatMul', [a, b]) }),
  onednn: (context) => {
    const dims = context.outputTypes.y.shape;
    const { a, b } = context.inputs;
    const operands = { src: aligned(context, a, dims), weights: aligned(context, b, dims) };
    return { y: context.call('matmul', operands, dims) };
  },
  multiplyAdds: ({ a }, { y }) => sizeOf(y.shape) * (a.shape.at(-1) ?? 0),
};

/** Transposes the last two axes. */
function flipped(op: Apply, x: Value): Value {
  const last = x.shape.length - 1;
  return op('Transpose', { x }, { order: [...axesOf(x.shape).slice(0, -2), last, last - 1] });
}
