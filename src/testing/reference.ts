/**
 * A second, simple implementation of every operator: unoptimized loops over float64, without engines or lowering. Tests
 * compare engines, passes and gradients with it. An operator without a reference is a compile error.
 */

import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import { resultEntries } from '../graph/results.ts';
import type {
  AttributesOf,
  ConvolutionAttributes,
  LocalAttributes,
  OpName,
  OutputNames,
  Padding,
  PerInput,
  PerOutput,
} from '../graph/signature.ts';
import { numbersOfFloat16, roundToFloat16 } from '../tensor/float16.ts';
import { type DType, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';

/** A tensor of any dtype as float64; booleans are 0 and 1. */
export interface Reference {
  readonly shape: Shape;
  readonly data: Float64Array;
}

type Rule<N extends OpName> = (
  inputs: PerInput<N, Reference>,
  attributes: AttributesOf<N>,
) => PerOutput<N, Reference>;

/** Returns the values of a tensor in float64. */
export function reference(tensor: Tensor): Reference {
  const { shape, data } = tensor;
  const numbers = tensor.dtype === 'float16' ? numbersOfFloat16(tensor) : data;
  return { shape, data: Float64Array.from(numbers, Number) };
}

/** Returns the values as a tensor of the given type stores them. Types other than float16 are not rounded, so that differences
 * of a float32 result from the reference are all its own. */
function stored({ shape, data }: Reference, dtype: DType): Reference {
  return { shape, data: dtype === 'float16' ? data.map(roundToFloat16) : data };
}

function fill(shape: Shape, valueAt: (index: readonly number[]) => number): Reference {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = valueAt(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** Returns the element at an index, or `outside` if the index is out of range. */
function at({ shape, data }: Reference, index: readonly number[], outside = 0): number {
  let position = 0;
  for (const [axis, size] of shape.entries()) {
    const i = index[axis] ?? 0;
    if (i < 0 || i >= size) return outside;
    position = position * size + i;
  }
  return data[position] ?? Number.NaN;
}

/** Returns the element of an operand for an index of the broadcast result. The last `exact` axes do not broadcast. */
function stretched(x: Reference, index: readonly number[], exact = 0): number {
  const extra = index.length - x.shape.length;
  const flexible = x.shape.length - exact;
  return at(
    x,
    x.shape.map((size, axis) => (size === 1 && axis < flexible ? 0 : (index[axis + extra] ?? 0))),
  );
}

function broadcastShape(...operands: readonly Reference[]): Shape {
  const axes = Math.max(...operands.map(({ shape }) => shape.length));
  return Array.from({ length: axes }, (_, axis) =>
    Math.max(...operands.map(({ shape }) => shape[axis - axes + shape.length] ?? 1)),
  );
}

const binary =
  (compute: (a: number, b: number) => number) =>
  ({ a, b }: { a: Reference; b: Reference }) => ({
    y: fill(broadcastShape(a, b), (index) => compute(stretched(a, index), stretched(b, index))),
  });

const unary =
  (compute: (x: number) => number) =>
  ({ x }: { x: Reference }) => ({ y: { shape: x.shape, data: x.data.map(compute) } });

function total(x: Reference, axes: readonly number[], keepDims: boolean): Reference {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const sums = { shape: kept, data: new Float64Array(sizeOf(kept)) };
  fill(x.shape, (index) => {
    let position = 0;
    for (const [axis, size] of kept.entries())
      position = position * size + (size === 1 ? 0 : (index[axis] ?? 0));
    sums.data[position] = (sums.data[position] ?? 0) + at(x, index);
    return 0;
  });
  return keepDims ? sums : { ...sums, shape: kept.filter((_, axis) => !axes.includes(axis)) };
}

/** Returns the number of windows of `size` along an axis of `length`, and the position of the first window, which is negative
 * if there is padding. TensorFlow has two formulas (API guide "Neural Network", section "Convolution"). This is the one that
 * `ops/shapes.ts` does not use, so that it does not repeat a mistake there. */
export function windows(
  length: number,
  size: number,
  stride: number,
  padding: 'SAME' | 'VALID' | { readonly before: number; readonly after: number },
): { readonly count: number; readonly first: number } {
  if (typeof padding !== 'string') {
    const ends = length + padding.before + padding.after - size;
    return { count: (ends - (ends % stride)) / stride + 1, first: -padding.before };
  }
  if (padding === 'VALID') return { count: Math.ceil((length - size + 1) / stride), first: 0 };
  const left = length % stride;
  const padded = Math.max(0, size - (left === 0 ? stride : left));
  return { count: (length - left) / stride + Number(left > 0), first: -((padded - (padded % 2)) / 2) };
}

/** Returns the padding of rows (0) or columns (1). */
function along(padding: Padding, axis: 0 | 1) {
  return typeof padding === 'string' ? padding : { before: padding.before[axis], after: padding.after[axis] };
}

/** Calls `visit` for every multiplication of a convolution, with the indices of the output, input and filter cells. */
function convolve(
  x: Shape,
  filter: Shape,
  { padding, strides = 1, groups = 1 }: ConvolutionAttributes,
  visit: (y: readonly number[], x: readonly number[], filter: readonly number[]) => void,
): Shape {
  const [n = 0, , h = 0, w = 0] = x;
  const [o = 0, i = 0, kh = 0, kw = 0] = filter;
  const [down, across] = typeof strides === 'number' ? [strides, strides] : strides;
  const rows = windows(h, kh, down, along(padding, 0));
  const columns = windows(w, kw, across, along(padding, 1));
  const y = [n, o, rows.count, columns.count];
  fill([...y, i, kh, kw], ([image = 0, out = 0, row = 0, column = 0, input = 0, kr = 0, kc = 0]) => {
    const [r, c] = [row * down + kr + rows.first, column * across + kc + columns.first];
    const inside = r >= 0 && r < h && c >= 0 && c < w;
    const read = Math.trunc((out * groups) / o) * i + input;
    if (inside) visit([image, out, row, column], [image, read, r, c], [out, input, kr, kc]);
    return 0;
  });
  return y;
}

function zeros(shape: Shape): Reference & { add: (index: readonly number[], value: number) => void } {
  const data = new Float64Array(sizeOf(shape));
  const add = (index: readonly number[], value: number) => {
    const position = shape.reduce((sum, size, axis) => sum * size + (index[axis] ?? 0), 0);
    data[position] = (data[position] ?? 0) + value;
  };
  return { shape, data, add };
}

function conv2D(x: Reference, filter: Reference, attributes: ConvolutionAttributes): Reference {
  const y = zeros(convolve(x.shape, filter.shape, attributes, () => {}));
  convolve(x.shape, filter.shape, attributes, (yi, xi, fi) => y.add(yi, at(x, xi) * at(filter, fi)));
  return y;
}

/** Calls `visit` for every multiplication of a locally connected operator, with the indices of the output, input and filter
 * cells. */
function connectLocally(
  x: Shape,
  filter: Shape,
  { padding, strides = 1 }: LocalAttributes,
  visit: (y: readonly number[], x: readonly number[], filter: readonly number[]) => void,
): Shape {
  const [n = 0, i = 0, h = 0, w = 0] = x;
  const [, , o = 0, kh = 0, kw = 0] = filter;
  const [down, across] = typeof strides === 'number' ? [strides, strides] : strides;
  const rows = windows(h, kh, down, along(padding, 0));
  const columns = windows(w, kw, across, along(padding, 1));
  const y = [n, o, rows.count, columns.count];
  fill([...y, i, kh, kw], ([image = 0, out = 0, row = 0, column = 0, input = 0, kr = 0, kc = 0]) => {
    const [r, c] = [row * down + kr + rows.first, column * across + kc + columns.first];
    const inside = r >= 0 && r < h && c >= 0 && c < w;
    if (inside) visit([image, out, row, column], [image, input, r, c], [row, column, out, kr, kc, input]);
    return 0;
  });
  return y;
}

function addBias(x: Reference, bias: Reference): Reference {
  return fill(x.shape, (index) => at(x, index) + at(bias, [index[1] ?? 0]));
}

function pooledShape([n = 0, c = 0, h = 0, w = 0]: Shape, attributes: AttributesOf<'MaxPool'>): Shape {
  const { size, stride, padding } = attributes;
  const rows = windows(h, size, stride, along(padding, 0)).count;
  return [n, c, rows, windows(w, size, stride, along(padding, 1)).count];
}

/** Returns the cells of a pooling window that are inside x, in row-major order. */
function windowCells(x: Shape, { size, stride, padding }: AttributesOf<'MaxPool'>, y: readonly number[]) {
  const [, , h = 0, w = 0] = x;
  const [n = 0, c = 0, row = 0, column = 0] = y;
  const top = row * stride + windows(h, size, stride, along(padding, 0)).first;
  const left = column * stride + windows(w, size, stride, along(padding, 1)).first;
  return Array.from({ length: size * size }, (_, cell) => [
    n,
    c,
    top + Math.floor(cell / size),
    left + (cell % size),
  ]).filter(([, , r = -1, s = -1]) => r >= 0 && r < h && s >= 0 && s < w);
}

/** Computes d = bias + alpha · Σ_window x² at an index. */
function lrnScale(
  x: Reference,
  { depthRadius, bias, alpha }: AttributesOf<'LRN'>,
  index: readonly number[],
): number {
  const [n = 0, c = 0, h = 0, w = 0] = index;
  let sum = 0;
  for (let channel = c - depthRadius; channel <= c + depthRadius; channel++)
    sum += at(x, [n, channel, h, w]) ** 2;
  return bias + alpha * sum;
}

/** Computes erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ · x^(2n+1) / (1 · 3 · … · (2n + 1)). No cancellation occurs in this sum
 * (M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 7.1.6). */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Computes Φ(x) and its derivative. */
function normal(x: number, approximate: boolean): { readonly phi: number; readonly density: number } {
  if (!approximate)
    return {
      phi: (1 + erf(x / Math.SQRT2)) / 2,
      density: Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),
    };
  const tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
  const inner = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  return { phi: (1 + tanh) / 2, density: ((1 - tanh * tanh) * inner) / 2 };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Returns the number of elements in each channel (axis 1). */
function channelSize({ shape, data }: Reference): number {
  return data.length / (shape[1] ?? 1);
}

/** Returns the sum of a function over the elements of each channel. */
function channelSums(x: Reference, termAt: (index: readonly number[], channel: number) => number): Reference {
  const sums = zeros([x.shape[1] ?? 0]);
  fill(x.shape, (index) => {
    const [, channel = 0] = index;
    sums.add([channel], termAt(index, channel));
    return 0;
  });
  return sums;
}

/** Computes (x - mean) / √(variance + epsilon) at an index. */
function normalized(
  x: Reference,
  mean: Reference,
  variance: Reference,
  epsilon: number,
  index: readonly number[],
): number {
  const channel = [index[1] ?? 0];
  return (at(x, index) - at(mean, channel)) / Math.sqrt(at(variance, channel) + epsilon);
}

const rules: { readonly [N in OpName]: Rule<N> } = {
  Constant: (_, { value }) => ({ y: reference(value) }),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Maximum: binary(Math.max),
  Neg: unary((x) => -x),
  Square: unary((x) => x * x),
  Sqrt: unary(Math.sqrt),
  Relu: unary((x) => Math.max(x, 0)),
  ReluGrad: ({ dy, y }) => ({ y: fill(y.shape, (index) => (at(y, index) > 0 ? at(dy, index) : 0)) }),
  Gelu: ({ x }, { approximate }) => unary((value) => value * normal(value, approximate).phi)({ x }),
  GeluGrad: ({ dy, x }, { approximate }) => ({
    y: fill(x.shape, (index) => {
      const { phi, density } = normal(at(x, index), approximate);
      return at(dy, index) * (phi + at(x, index) * density);
    }),
  }),
  Silu: unary((x) => x * sigmoid(x)),
  SiluGrad: ({ dy, x }) => ({
    y: fill(x.shape, (index) => {
      const [value, s] = [at(x, index), sigmoid(at(x, index))];
      return at(dy, index) * (s + value * s * (1 - s));
    }),
  }),
  GreaterEqual: binary((a, b) => Number(a >= b)),
  Sum: ({ x }, { axes, keepDims }) => ({ y: total(x, axes, keepDims) }),
  Mean: ({ x }, { axes, keepDims }) => {
    const { shape, data } = total(x, axes, keepDims);
    return { y: { shape, data: data.map((sum) => (sum * data.length) / x.data.length) } };
  },
  BroadcastTo: ({ x }, { shape }) => ({ y: fill(shape, (index) => stretched(x, index)) }),
  Reshape: ({ x }, { shape }) => ({ y: { shape, data: x.data } }),
  Transpose: ({ x }, { order }) => ({
    y: fill(
      order.map((axis) => x.shape[axis] ?? 0),
      (index) =>
        at(
          x,
          order.map((_, axis) => index[order.indexOf(axis)] ?? 0),
        ),
    ),
  }),
  Pad: ({ x }, { before, after, value = 0 }) => ({
    y: fill(
      x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0)),
      (index) =>
        at(
          x,
          index.map((i, axis) => i - (before[axis] ?? 0)),
          value,
        ),
    ),
  }),
  StridedSlice: ({ x }, { begin, size, strides }) => ({
    y: fill(size, (index) =>
      at(
        x,
        index.map((i, axis) => (begin[axis] ?? 0) + i * (strides[axis] ?? 1)),
      ),
    ),
  }),
  StridedSliceGrad: ({ dy }, { begin, strides, inputShape }) => {
    const dx = zeros(inputShape);
    fill(dy.shape, (index) => {
      const cell = index.map((i, axis) => (begin[axis] ?? 0) + i * (strides[axis] ?? 1));
      dx.add(cell, at(dy, index));
      return 0;
    });
    return { y: dx };
  },
  Concat: (operands, { axis }) => {
    const length = operands.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    const shape = (operands[0]?.shape ?? []).map((size, i) => (i === axis ? length : size));
    return {
      y: fill(shape, (index) => {
        let offset = index[axis] ?? 0;
        const operand = operands.find((candidate) => {
          const here = offset < (candidate.shape[axis] ?? 0);
          if (!here) offset -= candidate.shape[axis] ?? 0;
          return here;
        });
        return operand
          ? at(
              operand,
              index.map((i, position) => (position === axis ? offset : i)),
            )
          : Number.NaN;
      }),
    };
  },
  Cast: ({ x }, { to }) => ({ y: stored(x, to) }),
  Reverse: ({ x }, { axes }) => ({
    y: fill(x.shape, (index) =>
      at(
        x,
        index.map((i, axis) => (axes.includes(axis) ? (x.shape[axis] ?? 0) - 1 - i : i)),
      ),
    ),
  }),
  Gather: ({ x }, { indices }) => ({
    y: fill([indices.length, ...x.shape.slice(1)], ([row = 0, ...rest]) =>
      at(x, [indices[row] ?? -1, ...rest]),
    ),
  }),
  MatMul: ({ a, b }, { transposeA, transposeB }) => {
    const [rows = 0, inner = 0] = transposeA ? a.shape.toReversed() : a.shape;
    const columns = (transposeB ? b.shape[0] : b.shape[1]) ?? 0;
    return {
      y: fill([rows, columns], ([r = 0, c = 0]) => {
        let sum = 0;
        for (let i = 0; i < inner; i++)
          sum += at(a, transposeA ? [i, r] : [r, i]) * at(b, transposeB ? [c, i] : [i, c]);
        return sum;
      }),
    };
  },
  BatchMatMul: ({ a, b }) => {
    const inner = a.shape.at(-1) ?? 0;
    const rows = { shape: a.shape.slice(0, -2), data: new Float64Array() };
    const columns = { shape: b.shape.slice(0, -2), data: new Float64Array() };
    const shape = [...broadcastShape(rows, columns), a.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0];
    return {
      y: fill(shape, (index) => {
        const batch = index.slice(0, -2);
        const [row = 0, column = 0] = index.slice(-2);
        let sum = 0;
        for (let i = 0; i < inner; i++)
          sum += stretched(a, [...batch, row, i], 2) * stretched(b, [...batch, i, column], 2);
        return sum;
      }),
    };
  },
  Conv2D: ({ x, filter }, attributes) => ({ y: conv2D(x, filter, attributes) }),
  Conv2DBackpropInput: ({ filter, dy }, { inputShape, ...attributes }) => {
    const dx = zeros(inputShape);
    convolve(inputShape, filter.shape, attributes, (yi, xi, fi) => dx.add(xi, at(dy, yi) * at(filter, fi)));
    return { y: dx };
  },
  Conv2DBackpropFilter: ({ x, dy }, { filterShape, ...attributes }) => {
    const df = zeros(filterShape);
    convolve(x.shape, filterShape, attributes, (yi, xi, fi) => df.add(fi, at(dy, yi) * at(x, xi)));
    return { y: df };
  },
  LocallyConnected2D: ({ x, filter }, attributes) => {
    const y = zeros(connectLocally(x.shape, filter.shape, attributes, () => {}));
    connectLocally(x.shape, filter.shape, attributes, (yi, xi, fi) => y.add(yi, at(x, xi) * at(filter, fi)));
    return { y };
  },
  LocallyConnected2DBackpropInput: ({ filter, dy }, { inputShape, ...attributes }) => {
    const dx = zeros(inputShape);
    connectLocally(inputShape, filter.shape, attributes, (yi, xi, fi) =>
      dx.add(xi, at(dy, yi) * at(filter, fi)),
    );
    return { y: dx };
  },
  LocallyConnected2DBackpropFilter: ({ x, dy }, { filterShape, ...attributes }) => {
    const df = zeros(filterShape);
    connectLocally(x.shape, filterShape, attributes, (yi, xi, fi) => df.add(fi, at(dy, yi) * at(x, xi)));
    return { y: df };
  },
  BiasAdd: ({ x, bias }) => ({ y: addBias(x, bias) }),
  BiasAddGrad: ({ dy }) => ({
    y: total(
      dy,
      [...dy.shape.keys()].filter((axis) => axis !== 1),
      false,
    ),
  }),
  MaxPool: ({ x }, attributes) => {
    return {
      y: fill(pooledShape(x.shape, attributes), (y) =>
        Math.max(...windowCells(x.shape, attributes, y).map((cell) => at(x, cell))),
      ),
    };
  },
  MaxPoolGrad: ({ x, y, dy }, attributes) => {
    const dx = zeros(x.shape);
    fill(y.shape, (index) => {
      const winner = windowCells(x.shape, attributes, index).find((cell) => at(x, cell) === at(y, index));
      if (winner) dx.add(winner, at(dy, index));
      return 0;
    });
    return { y: dx };
  },
  AvgPool: ({ x }, attributes) => ({
    y: fill(pooledShape(x.shape, attributes), (y) => {
      const cells = windowCells(x.shape, attributes, y);
      return cells.reduce((sum, cell) => sum + at(x, cell), 0) / cells.length;
    }),
  }),
  AvgPoolGrad: ({ dy }, { inputShape, ...attributes }) => {
    const dx = zeros(inputShape);
    fill(dy.shape, (index) => {
      const cells = windowCells(inputShape, attributes, index);
      for (const cell of cells) dx.add(cell, at(dy, index) / cells.length);
      return 0;
    });
    return { y: dx };
  },
  LRN: ({ x }, attributes) => ({
    y: fill(x.shape, (index) => at(x, index) / lrnScale(x, attributes, index) ** attributes.beta),
  }),
  LRNGrad: ({ x, dy }, attributes) => {
    const { depthRadius, alpha, beta } = attributes;
    // The derivatives of all y in whose windows x[c] is, by the quotient rule. The values of y are not used.
    return {
      y: fill(x.shape, ([n = 0, c = 0, h = 0, w = 0]) => {
        let sum = at(dy, [n, c, h, w]) * lrnScale(x, attributes, [n, c, h, w]) ** -beta;
        for (let other = c - depthRadius; other <= c + depthRadius; other++) {
          const index = [n, other, h, w];
          const slope =
            -2 * alpha * beta * at(x, [n, c, h, w]) * lrnScale(x, attributes, index) ** (-beta - 1);
          sum += at(dy, index) * at(x, index) * slope;
        }
        return sum;
      }),
    };
  },
  FusedBatchNormV3: ({ x, scale, offset }, { epsilon }) => {
    const count = channelSize(x);
    const batchMean = channelSums(x, (index) => at(x, index) / count);
    const batchVariance = channelSums(
      x,
      (index, channel) => (at(x, index) - at(batchMean, [channel])) ** 2 / count,
    );
    const y = fill(x.shape, (index) => {
      const channel = [index[1] ?? 0];
      return (
        at(scale, channel) * normalized(x, batchMean, batchVariance, epsilon, index) + at(offset, channel)
      );
    });
    return { y, batchMean, batchVariance };
  },
  FusedBatchNormGradV3: ({ dy, x, scale, mean, variance }, { epsilon }) => {
    const count = channelSize(x);
    const offsetGradient = channelSums(x, (index) => at(dy, index));
    const ofX = (index: readonly number[]) => normalized(x, mean, variance, epsilon, index);
    const scaleGradient = channelSums(x, (index) => at(dy, index) * ofX(index));
    // The derivative of every y in the channel with respect to x, including the part through mean and variance.
    const y = fill(x.shape, (index) => {
      const channel = [index[1] ?? 0];
      const own =
        count * at(dy, index) - at(offsetGradient, channel) - ofX(index) * at(scaleGradient, channel);
      return (at(scale, channel) * own) / (count * Math.sqrt(at(variance, channel) + epsilon));
    });
    return { y, scaleGradient, offsetGradient };
  },
  BatchNormWithGlobalNormalization: ({ x, mean, variance, scale, offset }, { epsilon }) => ({
    y: fill(x.shape, (index) => {
      const channel = [index[1] ?? 0];
      return at(scale, channel) * normalized(x, mean, variance, epsilon, index) + at(offset, channel);
    }),
  }),
  SparseSoftmaxCrossEntropyWithLogits: ({ logits, labels }, { labelSmoothing = 0 }) => {
    const [, classes = 0] = logits.shape;
    const row = (n: number) => Array.from({ length: classes }, (_, k) => at(logits, [n, k]));
    const logSum = (n: number) => {
      const largest = Math.max(...row(n));
      return largest + Math.log(row(n).reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    };
    const target = (n: number, k: number) =>
      labelSmoothing / classes + (at(labels, [n]) === k ? 1 - labelSmoothing : 0);
    return {
      loss: fill(labels.shape, ([n = 0]) =>
        row(n).reduce((sum, logit, k) => sum + target(n, k) * (logSum(n) - logit), 0),
      ),
      backprop: fill(
        logits.shape,
        ([n = 0, k = 0]) => Math.exp(at(logits, [n, k]) - logSum(n)) - target(n, k),
      ),
    };
  },
  L2Loss: ({ x }) => ({
    y: { shape: [], data: Float64Array.of(x.data.reduce((sum, value) => sum + value * value, 0) / 2) },
  }),
  ApplyGradientDescent: ({ variable, gradient, learningRate }) => ({
    y: fill(variable.shape, (index) => at(variable, index) - at(learningRate, []) * at(gradient, index)),
  }),
  ExponentialMovingAverage: ({ average, value, decay }) => ({
    y: fill(
      average.shape,
      (index) => at(decay, []) * at(average, index) + (1 - at(decay, [])) * at(value, index),
    ),
  }),
};

/** Computes one operator. */
export function computeOperator<N extends OpName>(
  op: N,
  inputs: PerInput<N, Reference>,
  attributes: AttributesOf<N>,
): PerOutput<N, Reference> {
  return rules[op](inputs, attributes);
}

/** Computes the results of a graph from its inputs and variables. Values of type float16 are rounded. Outputs and updates have
 * the names that they have in the graph; the others are named `<role> <name>`. If a value that must be finite is not, updates are
 * the given values of the variables. */
export function computeGraph(
  graph: Graph,
  given: ReadonlyMap<string, Reference>,
): ReadonlyMap<string, Reference> {
  const values = new Map<Value, Reference>();
  for (const [name, value] of [...graph.inputs, ...graph.variables]) {
    const found = given.get(name);
    if (found === undefined) throw new Error(`the test has no value for ${name}`);
    values.set(value, found);
  }
  for (const node of graph.nodes) computeNode(node, values);
  const isUpdated = [...graph.results.finite.values()].every((value) =>
    values.get(value)?.data.every(Number.isFinite),
  );
  const results = resultEntries(graph.results).map(([role, name, value]) => {
    if (role === 'update') return [name, isUpdated ? values.get(value) : given.get(name)] as const;
    return [role === 'output' ? name : `${role} ${name}`, values.get(value)] as const;
  });
  return new Map(results.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

function computeNode<N extends OpName>(node: Node<N>, values: Map<Value, Reference>): void {
  const inputs = inputsOf(node).map(([name, value]) => [name, values.get(value)] as const);
  const record = Array.isArray(node.inputs) ? inputs.map(([, value]) => value) : Object.fromEntries(inputs);
  const outputs = computeOperator<N>(node.op, record as PerInput<N, Reference>, node.attributes);
  for (const [name, value] of outputsOf(node)) {
    values.set(value, stored(outputs[name as OutputNames<N>], value.dtype));
  }
}
