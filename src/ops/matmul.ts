/** The matrix product. */
import { sizeOf, type TensorType } from '../tensor/tensor.ts';
import type { OpDefinition } from './definition.ts';
import { float32Type, requireEqual, requireType } from './shapes.ts';

/** y = a' b' with a' [N, I] = a or its transpose, b' [I, O] = b or its transpose, y [N, O]. */
export const matMul: OpDefinition<'MatMul'> = {
  infer: ({ a, b }, { transposeA, transposeB }) => {
    requireType('a', a, 'float32', 'N, I');
    requireType('b', b, 'float32', 'I, O');
    const [rows, inner] = matrix(a, transposeA);
    const [innerOfB, columns] = matrix(b, transposeB);
    requireEqual('the inner sizes of a and b', inner, innerOfB);
    return { y: float32Type([rows, columns]) };
  },
  gradient: {
    // y = a'b' gives da' = dy b'ᵀ and db' = a'ᵀ dy; where an operand is transposed, so is its gradient.
    a: ({ op, inputs: { b }, attributes: { transposeA, transposeB }, dy }) =>
      transposeA
        ? op('MatMul', { a: b, b: dy }, { transposeA: transposeB, transposeB: true })
        : op('MatMul', { a: dy, b }, { transposeA: false, transposeB: !transposeB }),
    b: ({ op, inputs: { a }, attributes: { transposeA, transposeB }, dy }) =>
      transposeB
        ? op('MatMul', { a: dy, b: a }, { transposeA: true, transposeB: transposeA })
        : op('MatMul', { a, b: dy }, { transposeA: !transposeA, transposeB: false }),
  },
  onnx: ({ inputs: { a, b }, attributes: { transposeA, transposeB }, emit }) => ({
    y: emit('Gemm', [a, b], { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } }),
  }),
  multiplyAdds: ({ a }, { y: { shape } }) => sizeOf(a.shape) * (shape[1] ?? 0),
};

function matrix(
  { shape: [rows = 0, columns = 0] }: TensorType,
  transposed: boolean,
): readonly [number, number] {
  return transposed ? [columns, rows] : [rows, columns];
}
