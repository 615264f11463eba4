/**
 * Convolutions (cross-correlations, as usual in deep learning), and the addition of biases.
 *
 * With x [N, I, H, W], filter [O, I / groups, KH, KW], y [N, O, H', W'] and strides (sr, sc),
 *   y[n, o, r, c] = Σ_{i, kr, kc} x[n, g · I / groups + i, r · sr + kr - top, c · sc + kc - left] · filter[o, i, kr, kc],
 * where g = ⌊o / (O / groups)⌋ is the group of the output channel. Convolution is linear in x and in the filter, and its
 * gradients are linear in their operands. The three operators are therefore each other's gradients, with the same
 * padding, strides and groups.
 *
 * | the gradient of      | with respect to | is                                       |
 * |----------------------|-----------------|------------------------------------------|
 * | Conv2D               | x               | Conv2DBackpropInput(filter, dy)          |
 * | Conv2D               | filter          | Conv2DBackpropFilter(x, dy)              |
 * | Conv2DBackpropInput  | dy              | Conv2D(dx's gradient, filter)            |
 * | Conv2DBackpropInput  | filter          | Conv2DBackpropFilter(dx's gradient, dy)  |
 * | Conv2DBackpropFilter | x               | Conv2DBackpropInput(filter's gradient, dy) |
 * | Conv2DBackpropFilter | dy              | Conv2D(x, filter's gradient)             |
 */
import { GraphError } from '../errors.ts';
import type { ConvolutionAttributes } from '../graph/signature.ts';
import { describeType, float32, type Shape, sameShape, type TensorType } from '../tensor/tensor.ts';
import { int64Vector, type OnnxAttribute, type OpDefinition } from './definition.ts';
import { binary, type PrimitiveContext, reduce, type Slot } from './primitives.ts';
import {
  like,
  requireEqual,
  requireFloats,
  requireSameDtype,
  requireType,
  type SlidingWindow,
  sizes,
  slidingWindow,
} from './shapes.ts';

/** Returns the window of the filter [O, I / groups, KH, KW] as it slides over x [N, I, H, W].
 * @throws GraphError when strides or padding are out of range, or the filter is larger than the padded image */
export function convolutionWindow(x: Shape, filter: Shape, attributes: ConvolutionAttributes): SlidingWindow {
  const [, , kh, kw] = sizes(filter);
  return slidingWindow(x, [kh, kw], attributes);
}

function outputShape(x: TensorType, filter: TensorType, attributes: ConvolutionAttributes): Shape {
  requireFloats('x', x, 'N, I, H, W');
  requireFloats('filter', filter, 'O, I, KH, KW');
  requireSameDtype('x and filter', x, filter);
  requireChannels(x.shape, filter.shape, attributes.groups ?? 1);
  const [[n], [o]] = [sizes(x.shape), sizes(filter.shape)];
  return [n, o, ...convolutionWindow(x.shape, filter.shape, attributes).size];
}

function requireChannels(x: Shape, filter: Shape, groups: number): void {
  if (!Number.isInteger(groups) || groups < 1) {
    throw new GraphError(`groups must be a whole number of 1 or more, found ${groups}`);
  }
  const [[, i], [o, inputs]] = [sizes(x), sizes(filter)];
  const text = `filter [${filter.join(', ')}]${groups === 1 ? '' : ` in ${groups} groups`}`;
  if (i !== inputs * groups) {
    throw new GraphError(
      `${text} expects ${inputs * groups} input channels, but x [${x.join(', ')}] has ${i}`,
    );
  }
  if (o % groups !== 0) {
    throw new GraphError(`${text} has ${o} output channels, which is not a multiple of ${groups}`);
  }
}

function requireOutput(
  x: TensorType,
  filter: TensorType,
  dy: TensorType,
  attributes: ConvolutionAttributes,
): void {
  const expected = outputShape(x, filter, attributes);
  if (dy.dtype === x.dtype && sameShape(expected, dy.shape)) return;
  throw new GraphError(
    `dy ${describeType(dy)} must have the convolution's output shape [${expected.join(', ')}]`,
  );
}

const multiplyAdds = (filterShape: Shape, outputShape: Shape) => {
  const [o, i, kh, kw] = sizes(filterShape);
  const [n, , h, w] = sizes(outputShape);
  return n * h * w * o * i * kh * kw;
};

/** Returns the attributes that the ONNX operators Conv and ConvTranspose share. */
function onnxWindow(
  { kernel, strides, before, after }: SlidingWindow,
  groups = 1,
): Readonly<Record<string, OnnxAttribute>> {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    pads: { ints: [...before, ...after] },
    group: { int: groups },
  };
}

/** Returns the shape of a filter [O, I / groups, KH, KW] in oneDNN, where the groups are an axis:
 * [groups, O / groups, I / groups, KH, KW]. */
function groupedShape(filter: Shape, groups = 1): Shape {
  const [o, ...rest] = filter;
  return groups === 1 ? filter : [groups, (o ?? 0) / groups, ...rest];
}

export const conv2D: OpDefinition<'Conv2D'> = {
  infer: ({ x, filter }, attributes) => ({ y: like(x, outputShape(x, filter, attributes)) }),
  gradient: {
    x: ({ op, inputs: { x, filter }, attributes, dy }) =>
      op('Conv2DBackpropInput', { filter, dy }, { ...attributes, inputShape: x.shape }),
    filter: ({ op, inputs: { x, filter }, attributes, dy }) =>
      op('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
  },
  float16: 'operands',
  onnx: ({ inputs: { x, filter }, inputTypes, attributes, emit }) => {
    const window = convolutionWindow(inputTypes.x.shape, inputTypes.filter.shape, attributes);
    return { y: emit('Conv', [x, filter], onnxWindow(window, attributes.groups)) };
  },
  onednn: ({ inputs: { x, filter }, outputTypes, attributes, call, alias }) => {
    const weights = alias(filter, groupedShape(filter.dims, attributes.groups));
    const window = convolutionWindow(x.dims, filter.dims, attributes);
    return { y: call('convolution_forward', { src: x, weights }, outputTypes.y.shape, { window }) };
  },
  multiplyAdds: ({ filter }, { y }) => multiplyAdds(filter.shape, y.shape),
};

export const conv2DBackpropInput: OpDefinition<'Conv2DBackpropInput'> = {
  infer: ({ filter, dy }, { inputShape, ...attributes }) => {
    const x = like(filter, inputShape);
    requireOutput(x, filter, dy, attributes);
    return { y: x };
  },
  gradient: {
    filter: ({ op, inputs: { filter, dy: outer }, attributes: { inputShape, ...attributes }, dy }) =>
      op('Conv2DBackpropFilter', { x: dy, dy: outer }, { ...attributes, filterShape: filter.shape }),
    dy: ({ op, inputs: { filter }, attributes: { inputShape, ...attributes }, dy }) =>
      op('Conv2D', { x: dy, filter }, attributes),
  },
  float16: 'operands',
  onnx: ({ inputs: { filter, dy }, inputTypes, attributes, emit }) => {
    const window = convolutionWindow(attributes.inputShape, inputTypes.filter.shape, attributes);
    // The number of rows and columns after the last window. No window reads them.
    const unread = attributes.inputShape.slice(2).map((length, axis) => {
      const [stride = 1, kernel = 1, count = 1] = [
        window.strides[axis],
        window.kernel[axis],
        window.size[axis],
      ];
      const padded = (window.before[axis] ?? 0) + length + (window.after[axis] ?? 0);
      return padded - (count - 1) * stride - kernel;
    });
    const geometry = { ...onnxWindow(window, attributes.groups), output_padding: { ints: unread } };
    return { y: emit('ConvTranspose', [dy, filter], geometry) };
  },
  onednn: ({ inputs: { filter, dy }, attributes, call, alias }) => {
    const weights = alias(filter, groupedShape(filter.dims, attributes.groups));
    const window = convolutionWindow(attributes.inputShape, filter.dims, attributes);
    const reads = { weights, diffDst: dy };
    return { y: call('convolution_backward_data', reads, attributes.inputShape, { window }) };
  },
  multiplyAdds: ({ filter, dy }) => multiplyAdds(filter.shape, dy.shape),
};

export const conv2DBackpropFilter: OpDefinition<'Conv2DBackpropFilter'> = {
  infer: ({ x, dy }, { filterShape, ...attributes }) => {
    const filter = like(x, filterShape);
    requireOutput(x, filter, dy, attributes);
    return { y: filter };
  },
  gradient: {
    x: ({ op, inputs: { x, dy: outer }, attributes: { filterShape, ...attributes }, dy }) =>
      op('Conv2DBackpropInput', { filter: dy, dy: outer }, { ...attributes, inputShape: x.shape }),
    dy: ({ op, inputs: { x }, attributes: { filterShape, ...attributes }, dy }) =>
      op('Conv2D', { x, filter: dy }, attributes),
  },
  float16: 'operands',
  onnx: { expandedBy: 'engine/onnx/compile/expand-convolution' },
  onednn: ({ inputs: { x, dy }, attributes: { filterShape, ...attributes }, call, alias }) => {
    const window = convolutionWindow(x.dims, filterShape, attributes);
    const weights = groupedShape(filterShape, attributes.groups);
    const reads = { src: x, diffDst: dy };
    return { y: alias(call('convolution_backward_weights', reads, weights, { window }), filterShape) };
  },
  multiplyAdds: ({ dy }, { y }) => multiplyAdds(y.shape, dy.shape),
};

/** y = x + bias, where x is [N, C] or [N, C, H, W] and bias [C] has one element per channel. */
export const biasAdd: OpDefinition<'BiasAdd'> = {
  infer: ({ x, bias }) => {
    requireType('bias', bias, x.dtype, 'C');
    requireEqual('the channels of x and the length of bias', x.shape[1] ?? 0, bias.shape[0] ?? 0);
    return { y: like(x, x.shape) };
  },
  gradient: { x: ({ dy }) => dy, bias: ({ op, dy }) => op('BiasAddGrad', { dy }) },
  float16: 'follows',
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
  float16: 'sums',
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

/** Computes the gradient of the bias as a product of a row of ones and dy, because oneDNN's own reduction is this fast only
 * along the last axis. */
function columnSums(
  { inputs: { dy }, constant, call }: BiasGradContext,
  rows: number,
  columns: number,
): Slot {
  const ones = constant(float32([1, rows], new Float32Array(rows).fill(1)));
  return call('matmul', { src: ones, weights: dy }, [1, columns]);
}

/** Computes the gradient of the bias with a reduction. If the gradient of a filter reads the same dy, the engine fuses both. */
function channelSums(context: BiasGradContext): Slot {
  const { dy } = context.inputs;
  return reduce(context, 'sum', dy, [1, dy.dims[1] ?? 1, 1, 1]);
}
