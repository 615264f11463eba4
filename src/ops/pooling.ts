/** Max pooling. Padding cells count as -∞, so they are never the maximum. */
import { GraphError } from '../errors.ts';
import type { PoolAttributes } from '../graph/signature.ts';
import { describeType, type Shape, sameShape, type TensorType } from '../tensor/tensor.ts';
import type { OpDefinition } from './definition.ts';
import type { Window } from './primitives.ts';
import { float32Type, requireSame, requireType, sizes, slide } from './shapes.ts';

function pooledShape(x: TensorType, { size, stride, padding }: PoolAttributes): Shape {
  requireType('x', x, 'float32', 'N, C, H, W');
  const [n, c, h, w] = sizes(x.shape);
  return [n, c, slide(h, size, stride, padding).size, slide(w, size, stride, padding).size];
}

function windowOf(x: Shape, { size, stride, padding }: PoolAttributes): Window {
  const [, , h, w] = sizes(x);
  const [rows, columns] = [slide(h, size, stride, padding), slide(w, size, stride, padding)];
  return {
    strides: [stride, stride],
    kernel: [size, size],
    before: [rows.before, columns.before],
    after: [rows.after, columns.after],
  };
}

/** y [N, C, H', W'] holds the maximum of each window of x [N, C, H, W]. */
export const maxPool: OpDefinition<'MaxPool'> = {
  infer: ({ x }, attributes) => ({ y: float32Type(pooledShape(x, attributes)) }),
  gradient: {
    x: ({ op, inputs: { x }, attributes, outputs: { y }, dy }) => op('MaxPoolGrad', { x, y, dy }, attributes),
  },
  onnx: ({ inputs: { x }, inputTypes, attributes: { size, stride, padding }, emit }) => {
    const [, , h, w] = sizes(inputTypes.x.shape);
    const [rows, columns] = [slide(h, size, stride, padding), slide(w, size, stride, padding)];
    return {
      y: emit('MaxPool', [x], {
        kernel_shape: { ints: [size, size] },
        strides: { ints: [stride, stride] },
        pads: { ints: [rows.before, columns.before, rows.after, columns.after] },
      }),
    };
  },
  onednn: ({ inputs: { x }, outputTypes, attributes, call }) => ({
    y: call('pooling_forward', { src: x }, outputTypes.y.shape, { window: windowOf(x.dims, attributes) }),
  }),
};

/** dx [N, C, H, W]: each element of dy is added to the first cell (in row-major order) holding its window's maximum. */
export const maxPoolGrad: OpDefinition<'MaxPoolGrad'> = {
  infer: ({ x, y, dy }, attributes) => {
    const expected = pooledShape(x, attributes);
    if (!sameShape(expected, y.shape)) {
      throw new GraphError(`y ${describeType(y)} must have the pooled shape [${expected.join(', ')}]`);
    }
    requireSame('y and dy', y, dy);
    return { y: float32Type(x.shape) };
  },
  gradient: { notDifferentiable: 'second derivatives of pooling are not implemented' },
  onnx: { expandedBy: 'engine/onnx/compile/expand-pooling' },
  onednn: ({ inputs: { x, y, dy }, attributes, call, workspace }) => {
    const window = windowOf(x.dims, attributes);
    const reads = { diffDst: dy, workspace: workspace(x, y, window) };
    return { y: call('pooling_backward', reads, x.dims, { window }) };
  },
};
