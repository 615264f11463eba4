/**
 * Convolutions of stride 1 (cross-correlations, as usual in deep learning), and the bias added to them.
 *
 * With x [N, I, H, W], filter [O, I, KH, KW] and y [N, O, H', W'],
 *   y[n, o, r, c] = Σ_{i, kr, kc} x[n, i, r + kr - top, c + kc - left] · filter[o, i, kr, kc].
 * Convolution is linear in x and in the filter, and its gradients are linear in their operands, so the three operators are
 * each other's gradients.
 *
 * | of                   | with respect to | is                                       |
 * |----------------------|-----------------|------------------------------------------|
 * | Conv2D               | x               | Conv2DBackpropInput(filter, dy)          |
 * | Conv2D               | filter          | Conv2DBackpropFilter(x, dy)              |
 * | Conv2DBackpropInput  | dy              | Conv2D(dx's gradient, filter)            |
 * | Conv2DBackpropInput  | filter          | Conv2DBackpropFilter(dx's gradient, dy)  |
 * | Conv2DBackpropFilter | x               | Conv2DBackpropInput(filter's gradient, dy) |
 * | Conv2DBackpropFilter | dy              | Conv2D(x, filter's gradient)             |
 */
import { GraphError } from '../errors.ts';
import type { Padding } from '../graph/signature.ts';
import { describeType, float32, type Shape, sameShape, type TensorType } from '../tensor/tensor.ts';
import { int64Vector, type OpDefinition } from './definition.ts';
import { binary, type PrimitiveContext, reduce, type Slot, type Window } from './primitives.ts';
import { float32Type, like, requireEqual, requireType, sizes, slide } from './shapes.ts';

function outputShape(x: TensorType, filter: TensorType, padding: Padding): Shape {
  requireType('x', x, 'float32', 'N, I, H, W');
  requireType('filter', filter, 'float32', 'O, I, KH, KW');
  const [n, i, h, w] = sizes(x.shape);
  const [o, inputs, kh, kw] = sizes(filter.shape);
  if (i !== inputs) {
    throw new GraphError(
      `filter [${filter.shape.join(', ')}] expects ${inputs} input channels, x [${x.shape.join(', ')}] has ${i}`,
    );
  }
  return [n, o, slide(h, kh, 1, padding).size, slide(w, kw, 1, padding).size];
}

function requireOutput(x: TensorType, filter: TensorType, dy: TensorType, padding: Padding): void {
  const expected = outputShape(x, filter, padding);
  if (sameShape(expected, dy.shape)) return;
  throw new GraphError(
    `dy ${describeType(dy)} must have the convolution's output shape [${expected.join(', ')}]`,
  );
}

const multiplyAdds = (filterShape: Shape, outputShape: Shape) => {
  const [o, i, kh, kw] = sizes(filterShape);
  const [n, , h, w] = sizes(outputShape);
  return n * h * w * o * i * kh * kw;
};

/** The geometry of a filter [O, I, KH, KW] sliding over x [N, I, H, W]. */
function windowOf(x: Shape, filter: Shape, padding: Padding): Window {
  const [, , h, w] = sizes(x);
  const [, , kh, kw] = sizes(filter);
  const [rows, columns] = [slide(h, kh, 1, padding), slide(w, kw, 1, padding)];
  return {
    strides: [1, 1],
    kernel: [kh, kw],
    before: [rows.before, columns.before],
    after: [rows.after, columns.after],
  };
}

export const conv2D: OpDefinition<'Conv2D'> = {
  infer: ({ x, filter }, { padding }) => ({ y: float32Type(outputShape(x, filter, padding)) }),
  gradient: {
    x: ({ op, inputs: { x, filter }, attributes: { padding }, dy }) =>
      op('Conv2DBackpropInput', { filter, dy }, { padding, inputShape: x.shape }),
    filter: ({ op, inputs: { x, filter }, attributes: { padding }, dy }) =>
      op('Conv2DBackpropFilter', { x, dy }, { padding, filterShape: filter.shape }),
  },
  onnx: ({ inputs: { x, filter }, inputTypes, attributes: { padding }, emit }) => {
    const [, , h, w] = sizes(inputTypes.x.shape);
    const [, , kh, kw] = sizes(inputTypes.filter.shape);
    const [rows, columns] = [slide(h, kh, 1, padding), slide(w, kw, 1, padding)];
    const pads = { ints: [rows.before, columns.before, rows.after, columns.after] };
    return { y: emit('Conv', [x, filter], { kernel_shape: { ints: [kh, kw] }, pads }) };
  },
  onednn: ({ inputs: { x, filter }, outputTypes, attributes: { padding }, call }) => ({
    y: call('convolution_forward', { src: x, weights: filter }, outputTypes.y.shape, {
      window: windowOf(x.dims, filter.dims, padding),
    }),
  }),
  multiplyAdds: ({ filter }, { y }) => multiplyAdds(filter.shape, y.shape),
};

export const conv2DBackpropInput: OpDefinition<'Conv2DBackpropInput'> = {
  infer: ({ filter, dy }, { padding, inputShape }) => {
    const x = float32Type(inputShape);
    requireOutput(x, filter, dy, padding);
    return { y: x };
  },
  gradient: {
    filter: ({ op, inputs: { filter, dy: outer }, attributes: { padding }, dy }) =>
      op('Conv2DBackpropFilter', { x: dy, dy: outer }, { padding, filterShape: filter.shape }),
    dy: ({ op, inputs: { filter }, attributes: { padding }, dy }) =>
      op('Conv2D', { x: dy, filter }, { padding }),
  },
  onnx: { expandedBy: 'engine/onnx/compile/expand-convolution' },
  onednn: ({ inputs: { filter, dy }, attributes: { padding, inputShape }, call }) => ({
    y: call('convolution_backward_data', { weights: filter, diffDst: dy }, inputShape, {
      window: windowOf(inputShape, filter.dims, padding),
    }),
  }),
  multiplyAdds: ({ filter, dy }) => multiplyAdds(filter.shape, dy.shape),
};

export const conv2DBackpropFilter: OpDefinition<'Conv2DBackpropFilter'> = {
  infer: ({ x, dy }, { padding, filterShape }) => {
    const filter = float32Type(filterShape);
    requireOutput(x, filter, dy, padding);
    return { y: filter };
  },
  gradient: {
    x: ({ op, inputs: { x, dy: outer }, attributes: { padding }, dy }) =>
      op('Conv2DBackpropInput', { filter: dy, dy: outer }, { padding, inputShape: x.shape }),
    dy: ({ op, inputs: { x }, attributes: { padding }, dy }) => op('Conv2D', { x, filter: dy }, { padding }),
  },
  onnx: { expandedBy: 'engine/onnx/compile/expand-convolution' },
  onednn: ({ inputs: { x, dy }, attributes: { padding, filterShape }, call }) => ({
    y: call('convolution_backward_weights', { src: x, diffDst: dy }, filterShape, {
      window: windowOf(x.dims, filterShape, padding),
    }),
  }),
  multiplyAdds: ({ dy }, { y }) => multiplyAdds(y.shape, dy.shape),
};

/** y = x + bias along axis 1, with x [N, C] or [N, C, H, W] and bias [C]. */
export const biasAdd: OpDefinition<'BiasAdd'> = {
  infer: ({ x, bias }) => {
    requireType('bias', bias, 'float32', 'C');
    requireEqual('the channels of x and the length of bias', x.shape[1] ?? 0, bias.shape[0] ?? 0);
    return { y: like(x, x.shape) };
  },
  gradient: { x: ({ dy }) => dy, bias: ({ op, dy }) => op('BiasAddGrad', { dy }) },
  onnx: ({ inputs: { x, bias }, inputTypes, emit, constant }) => {
    if (inputTypes.x.shape.length === 2) return { y: emit('Add', [x, bias]) };
    const shape = constant(int64Vector([-1, ...inputTypes.x.shape.slice(2).map(() => 1)]));
    return { y: emit('Add', [x, emit('Reshape', [bias, shape])]) };
  },
  onednn: (context) => {
    const { x, bias } = context.inputs;
    const channels = x.dims.map((size, axis) => (axis === 1 ? size : 1));
    return { y: binary(context, 'add', x, context.alias(bias, channels), x.dims) };
  },
};

/** The sum of dy [N, C] or [N, C, H, W] over all axes except the channel axis: [C]. */
export const biasAddGrad: OpDefinition<'BiasAddGrad'> = {
  infer: ({ dy }) => ({ y: like(dy, [dy.shape[1] ?? 0]) }),
  gradient: {
    dy: ({ op, inputs: { dy: spread }, dy }) => {
      const kept = spread.shape.map((size, axis) => (axis === 1 ? size : 1));
      return op('BroadcastTo', { x: op('Reshape', { x: dy }, { shape: kept }) }, { shape: spread.shape });
    },
  },
  onnx: ({ inputs: { dy }, inputTypes, emit, constant }) => {
    const axes = constant(int64Vector([0, ...inputTypes.dy.shape.slice(2).map((_, axis) => axis + 2)]));
    return { y: emit('ReduceSum', [dy, axes], { keepdims: { int: 0 } }) };
  },
  onednn: (context) => {
    const [rows = 1, channels = 1] = context.inputs.dy.dims;
    const sum =
      context.inputs.dy.dims.length === 2 ? columnSums(context, rows, channels) : channelSums(context);
    return { y: context.alias(sum, [channels]) };
  },
};

interface BiasGradContext extends PrimitiveContext {
  readonly inputs: { readonly dy: Slot };
}

/** A product with a row of ones: oneDNN's reduction is only this fast along the last axis. */
function columnSums(
  { inputs: { dy }, constant, call }: BiasGradContext,
  rows: number,
  columns: number,
): Slot {
  const ones = constant(float32([1, rows], new Float32Array(rows).fill(1)));
  return call('matmul', { src: ones, weights: dy }, [1, columns]);
}

/** A reduction. If the filter gradient reads the same dy, the engine fuses the two. */
function channelSums(context: BiasGradContext): Slot {
  const { dy } = context.inputs;
  return reduce(context, 'sum', dy, [1, dy.dims[1] ?? 1, 1, 1]);
}
