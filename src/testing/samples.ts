/**
 * Test samples of every operator. An operator without a sample is a compile error. `ops/ops.test.ts` runs them all: it
 * compares shapes and values with the reference, and gradients with central differences. The values are drawn from a seeded
 * stream and avoid kinks and ties, for which that test has separate cases.
 */
import type {
  AttributesOf,
  ConvolutionAttributes,
  LocalAttributes,
  OpName,
  PerInput,
} from '../graph/signature.ts';
import { float16 } from '../tensor/float16.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { computeOperator, reference } from './reference.ts';

export interface Sample<N extends OpName> {
  readonly inputs: PerInput<N, Tensor>;
  readonly attributes: AttributesOf<N>;
}

/** A list of at least one sample. */
export type Samples<N extends OpName> = readonly [Sample<N>, ...Sample<N>[]];

let drawn = 0;

/** Returns values that are uniform in [low, high), and different for every call. */
function uniform(shape: Shape, low = -1, high = 1): Float32Tensor {
  const stream = new RandomStream(0, 'test', 0, drawn++);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.between(low, high)),
  );
}

/** Returns well-separated values in random order, without ties or near ties and without values near 0. */
function distinct(shape: Shape): Float32Tensor {
  const stream = new RandomStream(0, 'test', 1, drawn++);
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i + 0.5 - sizeOf(shape) / 2) / 10);
  for (let i = values.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0];
  }
  return float32(shape, values);
}

function labels(values: readonly number[]): Tensor {
  return { dtype: 'int32', shape: [values.length], data: Int32Array.from(values) };
}

/** Maps a list that is not empty. */
function each<T, S>([first, ...rest]: readonly [T, ...T[]], make: (entry: T) => S): readonly [S, ...S[]] {
  return [make(first), ...rest.map(make)];
}

const binary = () =>
  [
    { inputs: { a: uniform([2, 3], 1, 2), b: uniform([2, 3], 1, 2) }, attributes: {} },
    { inputs: { a: uniform([2, 1, 4], 1, 2), b: uniform([3, 1], 1, 2) }, attributes: {} },
    { inputs: { a: uniform([2, 3], 1, 2), b: uniform([], 1, 2) }, attributes: {} },
  ] as const;
const unary = () => [{ inputs: { x: distinct([2, 3, 4]) }, attributes: {} }] as const;
const reduction = () =>
  [
    { inputs: { x: uniform([3, 4]) }, attributes: { axes: [0], keepDims: false } },
    { inputs: { x: uniform([2, 3, 4]) }, attributes: { axes: [0, 2], keepDims: true } },
    { inputs: { x: uniform([5]) }, attributes: { axes: [0], keepDims: false } },
  ] as const;

const pool = { size: 3, stride: 2, padding: 'SAME' } as const;
interface PoolExample {
  readonly shape: Shape;
  readonly attributes: AttributesOf<'MaxPool'>;
}
const pools: readonly [PoolExample, ...PoolExample[]] = [
  { shape: [2, 3, 8, 8], attributes: pool },
  { shape: [1, 2, 7, 9], attributes: pool },
  { shape: [1, 2, 7, 7], attributes: { size: 3, stride: 2, padding: 'VALID' } },
  { shape: [2, 2, 6, 6], attributes: { size: 2, stride: 2, padding: 'SAME' } },
  { shape: [1, 1, 5, 5], attributes: { size: 3, stride: 1, padding: 'SAME' } },
  { shape: [1, 2, 8, 7], attributes: { size: 3, stride: 2, padding: { before: [1, 1], after: [1, 1] } } },
  { shape: [1, 2, 5, 6], attributes: { size: 3, stride: 3, padding: { before: [2, 0], after: [1, 2] } } },
];

const averagePools: typeof pools = [
  ...pools,
  { shape: [2, 16, 8, 8], attributes: pool },
  { shape: [1, 3, 6, 9], attributes: { size: 2, stride: 3, padding: 'VALID' } },
  { shape: [2, 4, 5, 5], attributes: { size: 5, stride: 1, padding: 'VALID' } },
];

const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };
/** A normalization that is stronger than the tutorial's, so that the sum over neighbors affects the result noticeably. */
const strongLrn = { depthRadius: 2, bias: 0.5, alpha: 0.7, beta: 0.75 };

interface BatchExample {
  readonly shape: Shape;
  readonly epsilon: number;
}
const batches: readonly [BatchExample, ...BatchExample[]] = [
  { shape: [4, 3, 5, 6], epsilon: 1e-5 },
  { shape: [2, 16, 4, 4], epsilon: 1e-3 },
  { shape: [2, 32, 3, 3], epsilon: 1e-5 },
  { shape: [8, 5], epsilon: 1e-5 },
];
const channelsOf = (shape: Shape): Shape => [shape[1] ?? 1];
const affine = (shape: Shape) => ({
  scale: uniform(channelsOf(shape), 0.5, 1.5),
  offset: uniform(channelsOf(shape)),
});

interface ConvolutionExample {
  readonly x: Shape;
  readonly filter: Shape;
  readonly y: Shape;
  readonly attributes: ConvolutionAttributes;
}
const convolutions: readonly [ConvolutionExample, ...ConvolutionExample[]] = [
  { x: [2, 3, 6, 7], filter: [4, 3, 5, 5], y: [2, 4, 6, 7], attributes: { padding: 'SAME' } },
  { x: [1, 2, 5, 5], filter: [3, 2, 3, 3], y: [1, 3, 3, 3], attributes: { padding: 'VALID' } },
  { x: [2, 2, 4, 5], filter: [3, 2, 2, 2], y: [2, 3, 4, 5], attributes: { padding: 'SAME' } },
  { x: [1, 70, 4, 4], filter: [2, 70, 3, 3], y: [1, 2, 4, 4], attributes: { padding: 'SAME' } },
  { x: [2, 4, 3, 3], filter: [4, 4, 1, 1], y: [2, 4, 3, 3], attributes: { padding: 'VALID' } },
  // Strides: 3×3 and 1×1 as in ResNet-20, windows that leave cells unread, and strides larger than the filter.
  { x: [2, 16, 8, 8], filter: [20, 16, 3, 3], y: [2, 20, 4, 4], attributes: { padding: 'SAME', strides: 2 } },
  { x: [2, 5, 8, 8], filter: [6, 5, 1, 1], y: [2, 6, 4, 4], attributes: { padding: 'SAME', strides: 2 } },
  {
    x: [1, 2, 7, 9],
    filter: [3, 2, 3, 3],
    y: [1, 3, 4, 5],
    attributes: { padding: 'SAME', strides: [2, 2] },
  },
  { x: [1, 2, 8, 10], filter: [3, 2, 3, 3], y: [1, 3, 3, 4], attributes: { padding: 'VALID', strides: 2 } },
  { x: [2, 2, 8, 9], filter: [3, 2, 2, 2], y: [2, 3, 3, 3], attributes: { padding: 'SAME', strides: 3 } },
  { x: [1, 3, 8, 8], filter: [2, 3, 2, 2], y: [1, 2, 3, 3], attributes: { padding: 'VALID', strides: 3 } },
  {
    x: [1, 3, 10, 7],
    filter: [4, 3, 5, 5],
    y: [1, 4, 4, 4],
    attributes: { padding: 'SAME', strides: [3, 2] },
  },
  {
    x: [1, 3, 6, 6],
    filter: [4, 3, 5, 3],
    y: [1, 4, 2, 2],
    attributes: { padding: 'VALID', strides: [1, 3] },
  },
  // Explicit padding: on one side only, and as many cells as the filter has.
  {
    ...{ x: [1, 16, 4, 8], filter: [3, 16, 3, 3], y: [1, 3, 4, 8] },
    attributes: { padding: { before: [1, 1], after: [1, 1] } },
  },
  {
    ...{ x: [1, 2, 4, 5], filter: [3, 2, 3, 2], y: [1, 3, 5, 4] },
    attributes: { padding: { before: [2, 0], after: [1, 0] } },
  },
  {
    ...{ x: [1, 2, 7, 6], filter: [3, 2, 3, 3], y: [1, 3, 4, 4] },
    attributes: { padding: { before: [0, 1], after: [2, 2] }, strides: 2 },
  },
  {
    ...{ x: [1, 3, 3, 3], filter: [2, 3, 1, 1], y: [1, 2, 3, 2] },
    attributes: { padding: { before: [1, 0], after: [1, 1] }, strides: [2, 3] },
  },
  {
    ...{ x: [1, 33, 3, 3], filter: [2, 33, 2, 2], y: [1, 2, 6, 5] },
    attributes: { padding: { before: [2, 2], after: [2, 1] } },
  },
  // Groups, including as many groups as channels.
  { x: [2, 4, 5, 5], filter: [6, 2, 3, 3], y: [2, 6, 5, 5], attributes: { padding: 'SAME', groups: 2 } },
  {
    ...{ x: [1, 32, 8, 8], filter: [32, 16, 3, 3], y: [1, 32, 4, 4] },
    attributes: { padding: 'SAME', strides: 2, groups: 2 },
  },
  { x: [2, 6, 4, 5], filter: [3, 2, 1, 1], y: [2, 3, 4, 5], attributes: { padding: 'VALID', groups: 3 } },
  { x: [2, 5, 6, 6], filter: [5, 1, 3, 3], y: [2, 5, 6, 6], attributes: { padding: 'SAME', groups: 5 } },
  {
    ...{ x: [1, 16, 6, 6], filter: [16, 1, 3, 3], y: [1, 16, 3, 3] },
    attributes: { padding: { before: [1, 1], after: [1, 1] }, strides: 2, groups: 16 },
  },
  {
    ...{ x: [1, 3, 7, 5], filter: [6, 1, 5, 5], y: [1, 6, 3, 2] },
    attributes: { padding: 'SAME', strides: 3, groups: 3 },
  },
  // Shapes for which an engine may use a special algorithm.
  { x: [2, 16, 8, 12], filter: [5, 16, 5, 5], y: [2, 5, 8, 12], attributes: { padding: 'SAME' } },
  { x: [1, 18, 4, 8], filter: [3, 18, 3, 3], y: [1, 3, 4, 8], attributes: { padding: 'SAME' } },
];

interface LocalExample {
  readonly x: Shape;
  readonly filter: Shape;
  readonly y: Shape;
  readonly attributes: LocalAttributes;
}
const locals: readonly [LocalExample, ...LocalExample[]] = [
  { x: [2, 3, 4, 5], filter: [4, 5, 4, 3, 3, 3], y: [2, 4, 4, 5], attributes: { padding: 'SAME' } },
  { x: [1, 2, 5, 4], filter: [3, 2, 3, 3, 3, 2], y: [1, 3, 3, 2], attributes: { padding: 'VALID' } },
  { x: [3, 16, 3, 3], filter: [3, 3, 8, 2, 2, 16], y: [3, 8, 3, 3], attributes: { padding: 'SAME' } },
  { x: [2, 4, 2, 3], filter: [2, 3, 5, 1, 1, 4], y: [2, 5, 2, 3], attributes: { padding: 'VALID' } },
  // A window that covers the image, and one that is larger than the image.
  { x: [2, 3, 3, 2], filter: [1, 1, 4, 3, 2, 3], y: [2, 4, 1, 1], attributes: { padding: 'VALID' } },
  { x: [1, 2, 2, 1], filter: [2, 1, 3, 5, 3, 2], y: [1, 3, 2, 1], attributes: { padding: 'SAME' } },
  // Strides that leave cells unread, strides larger than the filter, and strides with padding on one side only.
  {
    x: [2, 2, 6, 7],
    filter: [3, 4, 3, 3, 3, 2],
    y: [2, 3, 3, 4],
    attributes: { padding: 'SAME', strides: 2 },
  },
  {
    x: [1, 3, 6, 8],
    filter: [2, 2, 2, 2, 3, 3],
    y: [1, 2, 2, 2],
    attributes: { padding: 'VALID', strides: [3, 4] },
  },
  {
    x: [1, 2, 4, 5],
    filter: [3, 6, 2, 3, 2, 2],
    y: [1, 2, 3, 6],
    attributes: { padding: { before: [0, 2], after: [3, 0] }, strides: [2, 1] },
  },
];

export const samples: { readonly [N in OpName]: Samples<N> } = {
  Constant: [{ inputs: {}, attributes: { value: uniform([2, 2]) } }],
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary(),
  Maximum: binary(),
  Neg: unary(),
  Square: unary(),
  Sqrt: [{ inputs: { x: uniform([2, 5], 0.5, 2) }, attributes: {} }],
  Relu: unary(),
  ReluGrad: [{ inputs: { dy: uniform([3, 4]), y: distinct([3, 4]) }, attributes: {} }],
  Gelu: each([true, false], (approximate) => ({
    inputs: { x: uniform([2, 3, 4, 5], -4, 4) },
    attributes: { approximate },
  })),
  GeluGrad: each([true, false], (approximate) => ({
    inputs: { dy: uniform([2, 3, 4, 5]), x: uniform([2, 3, 4, 5], -4, 4) },
    attributes: { approximate },
  })),
  Silu: [
    { inputs: { x: uniform([3, 7], -4, 4) }, attributes: {} },
    { inputs: { x: uniform([2, 3, 4, 5], -4, 4) }, attributes: {} },
  ],
  SiluGrad: [
    { inputs: { dy: uniform([3, 7]), x: uniform([3, 7], -4, 4) }, attributes: {} },
    { inputs: { dy: uniform([2, 3, 4, 5]), x: uniform([2, 3, 4, 5], -4, 4) }, attributes: {} },
  ],
  GreaterEqual: [
    { inputs: { a: float32([5], [1, 2, 3, 0, -2]), b: float32([5], [1, 3, 3, -0, -3]) }, attributes: {} },
    // The largest number below 1, and an infinity.
    {
      inputs: { a: float32([2], [1 - 2 ** -24, Number.NEGATIVE_INFINITY]), b: float32([2], [1, 0]) },
      attributes: {},
    },
  ],
  Sum: reduction(),
  Mean: [
    ...reduction(),
    // Global average pooling.
    { inputs: { x: uniform([2, 5, 4, 3]) }, attributes: { axes: [2, 3], keepDims: false } },
  ],
  BroadcastTo: [
    { inputs: { x: uniform([3, 1]) }, attributes: { shape: [2, 3, 4] } },
    { inputs: { x: uniform([]) }, attributes: { shape: [2, 2] } },
  ],
  Reshape: [{ inputs: { x: uniform([2, 6]) }, attributes: { shape: [3, 2, 2] } }],
  Transpose: [
    { inputs: { x: uniform([2, 3, 4, 5]) }, attributes: { order: [0, 2, 3, 1] } },
    { inputs: { x: uniform([2, 3, 4]) }, attributes: { order: [2, 0, 1] } },
  ],
  Pad: [
    { inputs: { x: uniform([2, 3]) }, attributes: { before: [1, 0], after: [0, 2] } },
    { inputs: { x: uniform([2, 3]) }, attributes: { before: [0, 1], after: [1, 0], value: -3 } },
    { inputs: { x: uniform([4, 3]) }, attributes: { before: [-1, 0], after: [1, -2], value: 2 } },
  ],
  StridedSlice: [
    { inputs: { x: uniform([4, 5]) }, attributes: { begin: [1, 2], size: [2, 3], strides: [1, 1] } },
    // One slice ends before the last element, the other at the last element.
    { inputs: { x: uniform([8, 5]) }, attributes: { begin: [1, 0], size: [2, 3], strides: [3, 2] } },
    {
      inputs: { x: uniform([2, 2, 5]) },
      attributes: { begin: [0, 1, 1], size: [2, 1, 2], strides: [1, 1, 2] },
    },
  ],
  StridedSliceGrad: [
    { inputs: { dy: uniform([2, 3]) }, attributes: { begin: [1, 2], strides: [1, 1], inputShape: [4, 5] } },
    { inputs: { dy: uniform([2, 3]) }, attributes: { begin: [1, 0], strides: [3, 2], inputShape: [8, 5] } },
    {
      inputs: { dy: uniform([2, 3, 4, 2]) },
      attributes: { begin: [0, 0, 0, 1], strides: [1, 1, 2, 3], inputShape: [2, 3, 8, 7] },
    },
  ],
  Concat: [
    { inputs: [uniform([2, 3]), uniform([2, 1]), uniform([2, 2])], attributes: { axis: 1 } },
    { inputs: [uniform([1, 2]), uniform([3, 2])], attributes: { axis: 0 } },
  ],
  Cast: [
    // Numbers that are rounded up and down, ties, subnormal numbers and the largest number.
    {
      inputs: {
        x: float32(
          [4, 3],
          [
            1 / 3,
            -2 / 3,
            1 + 2 ** -11,
            1 + 3 * 2 ** -11,
            3 * 2 ** -26,
            2 ** -25,
            -1e-5,
            3e-8,
            65504,
            65519,
            -65519,
            -0,
          ],
        ),
      },
      attributes: { to: 'float16' },
    },
    { inputs: { x: float16([2, 3], [0.1, -0.2, 2 ** -24, 65504, -3, 1e-5]) }, attributes: { to: 'float32' } },
    { inputs: { x: uniform([3]) }, attributes: { to: 'float32' } },
  ],
  Reverse: [{ inputs: { x: uniform([2, 3, 4]) }, attributes: { axes: [1, 2] } }],
  Gather: [{ inputs: { x: uniform([3, 2]) }, attributes: { indices: [2, 0, 0, 1] } }],
  BatchMatMul: [
    { inputs: { a: uniform([2, 3, 4]), b: uniform([2, 4, 5]) }, attributes: {} },
    { inputs: { a: uniform([3, 4]), b: uniform([2, 4, 5]) }, attributes: {} },
    { inputs: { a: uniform([2, 3, 2, 3, 1]), b: uniform([2, 1, 2, 1, 4]) }, attributes: {} },
  ],
  MatMul: [
    {
      inputs: { a: uniform([3, 4]), b: uniform([4, 5]) },
      attributes: { transposeA: false, transposeB: false },
    },
    {
      inputs: { a: uniform([4, 3]), b: uniform([4, 5]) },
      attributes: { transposeA: true, transposeB: false },
    },
    {
      inputs: { a: uniform([3, 4]), b: uniform([5, 4]) },
      attributes: { transposeA: false, transposeB: true },
    },
    {
      inputs: { a: uniform([4, 3]), b: uniform([5, 4]) },
      attributes: { transposeA: true, transposeB: true },
    },
  ],
  Conv2D: each(convolutions, ({ x, filter, attributes }) => ({
    inputs: { x: uniform(x), filter: uniform(filter) },
    attributes,
  })),
  Conv2DBackpropInput: each(convolutions, ({ x, filter, y, attributes }) => ({
    inputs: { filter: uniform(filter), dy: uniform(y) },
    attributes: { ...attributes, inputShape: x },
  })),
  Conv2DBackpropFilter: each(convolutions, ({ x, filter, y, attributes }) => ({
    inputs: { x: uniform(x), dy: uniform(y) },
    attributes: { ...attributes, filterShape: filter },
  })),
  LocallyConnected2D: each(locals, ({ x, filter, attributes }) => ({
    inputs: { x: uniform(x), filter: uniform(filter) },
    attributes,
  })),
  LocallyConnected2DBackpropInput: each(locals, ({ x, filter, y, attributes }) => ({
    inputs: { filter: uniform(filter), dy: uniform(y) },
    attributes: { ...attributes, inputShape: x },
  })),
  LocallyConnected2DBackpropFilter: each(locals, ({ x, filter, y, attributes }) => ({
    inputs: { x: uniform(x), dy: uniform(y) },
    attributes: { ...attributes, filterShape: filter },
  })),
  BiasAdd: [
    { inputs: { x: uniform([3, 4]), bias: uniform([4]) }, attributes: {} },
    { inputs: { x: uniform([2, 3, 4, 5]), bias: uniform([3]) }, attributes: {} },
  ],
  BiasAddGrad: [
    { inputs: { dy: uniform([3, 4]) }, attributes: {} },
    { inputs: { dy: uniform([2, 3, 4, 5]) }, attributes: {} },
  ],
  MaxPool: each(pools, ({ shape, attributes }) => ({ inputs: { x: distinct(shape) }, attributes })),
  MaxPoolGrad: each(pools, ({ shape, attributes }) => maxPoolGradSample(shape, attributes)),
  AvgPool: each(averagePools, ({ shape, attributes }) => ({ inputs: { x: uniform(shape) }, attributes })),
  AvgPoolGrad: each(averagePools, ({ shape, attributes }) => {
    const { y } = computeOperator('AvgPool', { x: reference(uniform(shape)) }, attributes);
    return { inputs: { dy: uniform(y.shape) }, attributes: { ...attributes, inputShape: shape } };
  }),
  LRN: [
    { inputs: { x: uniform([2, 12, 3, 3], -5, 5) }, attributes: lrn },
    { inputs: { x: uniform([1, 6, 2, 2]) }, attributes: strongLrn },
  ],
  LRNGrad: [lrnGradSample([2, 12, 3, 3], lrn), lrnGradSample([1, 6, 2, 2], strongLrn)],
  FusedBatchNormV3: each(batches, ({ shape, epsilon }) => ({
    inputs: { x: uniform(shape, -1, 3), ...affine(shape) },
    attributes: { epsilon },
  })),
  FusedBatchNormGradV3: each(batches, ({ shape, epsilon }) => batchNormGradSample(shape, epsilon)),
  BatchNormWithGlobalNormalization: each(batches, ({ shape, epsilon }) => ({
    inputs: {
      x: uniform(shape),
      mean: uniform(channelsOf(shape)),
      variance: uniform(channelsOf(shape), 0.5, 2),
      ...affine(shape),
    },
    attributes: { epsilon },
  })),
  SparseSoftmaxCrossEntropyWithLogits: [
    { inputs: { logits: uniform([4, 10], -3, 3), labels: labels([3, 0, 9, 3]) }, attributes: {} },
    {
      inputs: { logits: float32([2, 3], [1000, 0, -1000, 80, 90, 85]), labels: labels([0, 2]) },
      attributes: {},
    },
    {
      inputs: { logits: uniform([3, 7], -3, 3), labels: labels([6, 0, 2]) },
      attributes: { labelSmoothing: 0.1 },
    },
  ],
  L2Loss: [{ inputs: { x: uniform([3, 4]) }, attributes: {} }],
  ApplyGradientDescent: [
    {
      inputs: { variable: uniform([2, 3]), gradient: uniform([2, 3]), learningRate: float32([], [0.1]) },
      attributes: {},
    },
  ],
  ExponentialMovingAverage: [
    {
      inputs: { average: uniform([2, 3]), value: uniform([2, 3]), decay: float32([], [0.75]) },
      attributes: {},
    },
  ],
};

/** Makes a sample in which mean and variance are those of x, because the gradient also depends on x through them. */
function batchNormGradSample(shape: Shape, epsilon: number): Sample<'FusedBatchNormGradV3'> {
  const x = uniform(shape, -1, 3);
  const { scale, offset } = affine(shape);
  const inputs = { x: reference(x), scale: reference(scale), offset: reference(offset) };
  const { batchMean, batchVariance } = computeOperator('FusedBatchNormV3', inputs, { epsilon });
  const mean = float32(batchMean.shape, [...batchMean.data]);
  const variance = float32(batchVariance.shape, [...batchVariance.data]);
  return { inputs: { dy: uniform(shape), x, scale, mean, variance }, attributes: { epsilon } };
}

/** Makes a sample in which y is MaxPool(x), because the gradient finds the maxima by comparing x with y. */
function maxPoolGradSample(shape: Shape, attributes: AttributesOf<'MaxPool'>): Sample<'MaxPoolGrad'> {
  const x = distinct(shape);
  const { y } = computeOperator('MaxPool', { x: reference(x) }, attributes);
  return { inputs: { x, y: float32(y.shape, [...y.data]), dy: uniform(y.shape) }, attributes };
}

/** Makes a sample in which y is LRN(x), because the gradient uses y. */
function lrnGradSample(shape: Shape, attributes: AttributesOf<'LRN'>): Sample<'LRNGrad'> {
  const x = uniform(shape, -2, 2);
  const { y } = computeOperator('LRN', { x: reference(x) }, attributes);
  return { inputs: { x, y: float32(shape, [...y.data]), dy: uniform(shape) }, attributes };
}
