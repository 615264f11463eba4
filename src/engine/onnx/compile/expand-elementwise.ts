/**
 * Computes the operators between the layers on images in the engine's order (`layout.ts`). Tensors that are not images keep
 * their order of axes.
 *
 *     before  y = Relu(x)                  dx = ReluGrad(dy, y)      y = BiasAdd(x, bias)
 *     after   y = turn(Relu(turn(x)))      dx = turn(ReluGrad(…))    y = turn(turn(x) + bias)
 *
 * Cast, Gelu, Silu and the gradients of the latter are rewritten in the same way as Relu.
 *
 *     before  db = BiasAddGrad(dy)
 *     after   db = ones [1, H·W·N] · dy [H·W·N, C], which ONNX Runtime computes faster than a sum over three axes
 */
import { float32 } from '../../../tensor/tensor.ts';
import type { Expansions } from './expand.ts';
import { channelRows, turned } from './layout.ts';

export const expandElementwise: Expansions = {
  Relu: ({ inputs: { x } }, { op }) =>
    x.shape.length === 4 ? { y: turned(op, op('Relu', { x: turned(op, x) })) } : undefined,
  ReluGrad: ({ inputs: { dy, y } }, { op }) =>
    y.shape.length === 4
      ? { y: turned(op, op('ReluGrad', { dy: turned(op, dy), y: turned(op, y) })) }
      : undefined,
  Gelu: ({ inputs: { x }, attributes }, { op }) =>
    x.shape.length === 4 ? { y: turned(op, op('Gelu', { x: turned(op, x) }, attributes)) } : undefined,
  GeluGrad: ({ inputs: { dy, x }, attributes }, { op }) =>
    x.shape.length === 4
      ? { y: turned(op, op('GeluGrad', { dy: turned(op, dy), x: turned(op, x) }, attributes)) }
      : undefined,
  Silu: ({ inputs: { x } }, { op }) =>
    x.shape.length === 4 ? { y: turned(op, op('Silu', { x: turned(op, x) })) } : undefined,
  SiluGrad: ({ inputs: { dy, x } }, { op }) =>
    x.shape.length === 4
      ? { y: turned(op, op('SiluGrad', { dy: turned(op, dy), x: turned(op, x) })) }
      : undefined,
  Cast: ({ inputs: { x }, attributes }, { op }) =>
    x.shape.length === 4 ? { y: turned(op, op('Cast', { x: turned(op, x) }, attributes)) } : undefined,
  BiasAdd: ({ inputs: { x, bias } }, { op }) =>
    x.shape.length === 4 ? { y: turned(op, op('Add', { a: turned(op, x), b: bias })) } : undefined,
  BiasAddGrad: ({ inputs: { dy } }, { op }) => {
    const rows = dy.shape.length === 4 ? channelRows(op, dy) : dy;
    const [count = 0, channels = 0] = rows.shape;
    const a = op('Constant', {}, { value: float32([1, count], new Float32Array(count).fill(1)) }, 'ones');
    const sums = op('MatMul', { a, b: rows }, { transposeA: false, transposeB: false });
    return { y: op('Reshape', { x: sums }, { shape: [channels] }) };
  },
};
