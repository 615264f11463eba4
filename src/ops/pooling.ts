/** Max and average pooling. A padding cell is never the maximum and is not counted in an average. */
import { GraphError } from '../errors.ts';
import type { PoolAttributes } from '../graph/signature.ts';
import { describeType, type Shape, sameShape, type TensorType } from '../tensor/tensor.ts';
import type { OnnxAttribute, OpDefinition } from './definition.ts';
import {
  like,
  requireFloats,
  requireSame,
  requireSameDtype,
  type SlidingWindow,
  sizes,
  slide,
} from './shapes.ts';

/** Returns the window of a pool as it slides over x [N, C, H, W].
 * @throws GraphError when a window could lie entirely in the padding, where it would have no maximum */
export function poolWindow(x: Shape, { size, stride, padding }: PoolAttributes): SlidingWindow {
  const window = slide(x, [size, size], [stride, stride], padding);
  const most = Math.max(...window.before, ...window.after);
  if (most < size) return window;
  throw new GraphError(
    `padding must be smaller than the window: found ${most} cells, but the window has ${size}`,
  );
}

function pooledShape(x: TensorType, attributes: PoolAttributes): Shape {
  requireFloats('x', x, 'N, C, H, W');
  const [n, c] = sizes(x.shape);
  return [n, c, ...poolWindow(x.shape, attributes).size];
}

/** Returns the attributes that the ONNX operators MaxPool and AveragePool share. */
function onnxWindow({
  kernel,
  strides,
  before,
  after,
}: SlidingWindow): Readonly<Record<string, OnnxAttribute>> {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    pads: { ints: [...before, ...after] },
  };
}

/** y [N, C, H', W'] holds the maximum of each window of x [N, C, H, W]. */
export const maxPool: OpDefinition<'MaxPool'> = {
  infer: ({ x }, attributes) => ({ y: like(x, pooledShape(x, attributes)) }),
  gradient: {
    x: ({ op, inputs: { x }, attributes, outputs: { y }, dy }) => op('MaxPoolGrad', { x, y, dy }, attributes),
  },
  float16: 'exact',
  onnx: ({ inputs: { x }, inputTypes, attributes, emit }) => ({
    y: emit('MaxPool', [x], onnxWindow(poolWindow(inputTypes.x.shape, attributes))),
  }),
  onednn: ({ inputs: { x }, outputTypes, attributes, call }) => ({
    y: call('pooling_forward', { src: x }, outputTypes.y.shape, { window: poolWindow(x.dims, attributes) }),
  }),
};

/** dx [N, C, H, W]: each element of dy is added to the cell that holds the maximum of its window. If several cells hold
 * it, the element is added to the first of them in row-major order. */
export const maxPoolGrad: OpDefinition<'MaxPoolGrad'> = {
  infer: ({ x, y, dy }, attributes) => {
    const expected = pooledShape(x, attributes);
    if (!sameShape(expected, y.shape)) {
      throw new GraphError(`y ${describeType(y)} must have the pooled shape [${expected.join(', ')}]`);
    }
    requireSameDtype('x and y', x, y);
    requireSame('y and dy', y, dy);
    return { y: x };
  },
  gradient: { notDifferentiable: 'second derivatives of pooling are not implemented' },
  float16: 'follows',
  onnx: { expandedBy: 'engine/onnx/compile/expand-pooling' },
  onednn: ({ inputs: { x, y, dy }, attributes, call, workspace }) => {
    const window = poolWindow(x.dims, attributes);
    const reads = { diffDst: dy, workspace: workspace(x, y, window) };
    return { y: call('pooling_backward', reads, x.dims, { window }) };
  },
};

/** y [N, C, H', W'] holds the mean of each window of x [N, C, H, W], taken over those cells that are inside x. */
export const avgPool: OpDefinition<'AvgPool'> = {
  infer: ({ x }, attributes) => ({ y: like(x, pooledShape(x, attributes)) }),
  gradient: {
    x: ({ op, inputs: { x }, attributes, dy }) =>
      op('AvgPoolGrad', { dy }, { ...attributes, inputShape: x.shape }),
  },
  float16: 'follows',
  onnx: ({ inputs: { x }, inputTypes, attributes, emit }) => {
    const window = onnxWindow(poolWindow(inputTypes.x.shape, attributes));
    return { y: emit('AveragePool', [x], { ...window, count_include_pad: { int: 0 } }) };
  },
  onednn: ({ inputs: { x }, outputTypes, attributes, call }) => {
    const parameters = { window: poolWindow(x.dims, attributes), pooling: 'poolingAverage' } as const;
    return { y: call('pooling_forward', { src: x }, outputTypes.y.shape, parameters) };
  },
};

/** dx [N, C, H, W] of shape `inputShape`: each element of dy is divided evenly among those cells of its
 * window that are inside x. */
export const avgPoolGrad: OpDefinition<'AvgPoolGrad'> = {
  infer: ({ dy }, attributes) => {
    const x = like(dy, attributes.inputShape);
    requireSame('dy and the pooled input', dy, like(dy, pooledShape(x, attributes)));
    return { y: x };
  },
  gradient: { dy: ({ op, attributes, dy }) => op('AvgPool', { x: dy }, attributes) },
  float16: 'follows',
  onnx: { expandedBy: 'engine/onnx/compile/expand-average-pooling' },
  onednn: ({ inputs: { dy }, attributes, call }) => {
    const { inputShape } = attributes;
    const parameters = { window: poolWindow(inputShape, attributes), pooling: 'poolingAverage' } as const;
    return { y: call('pooling_backward', { diffDst: dy }, inputShape, parameters) };
  },
};
