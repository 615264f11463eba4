/**
 * The graph language: every operator with its inputs, attributes and outputs. This file lists what exists; `ops/` defines what
 * each operator computes. Names are TensorFlow's where TensorFlow has the operator. No operator modifies a tensor in place:
 * every operator returns new values.
 */
import type { Shape, Tensor } from '../tensor/tensor.ts';

/** A number for rows and one for columns. */
export type RowsAndColumns = readonly [rows: number, columns: number];

/** Cells added before the first and after the last row and column: 0 or more. */
export interface ExplicitPadding {
  readonly before: RowsAndColumns;
  readonly after: RowsAndColumns;
}
/** `SAME` pads so that there are ⌈length / stride⌉ windows along an axis, the odd cell after it; `VALID` does not pad. */
export type Padding = 'SAME' | 'VALID' | ExplicitPadding;

interface Op<Inputs extends string | number, Attributes = NoAttributes, Outputs extends string = 'y'> {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  readonly outputs: Outputs;
}
export type NoAttributes = Readonly<Record<never, never>>;

/** The geometry of a convolution. */
export interface ConvolutionAttributes {
  readonly padding: Padding;
  /** Cells from one window to the next: rows and columns, or one number for both. Default 1. */
  readonly strides?: number | RowsAndColumns;
  /** Input and output channels are divided into this many groups, in order; an output channel reads the input channels of its
   * group only. As many groups as input channels make a depthwise convolution. Default 1. */
  readonly groups?: number;
}
/** The geometry of a locally connected operator. */
export type LocalAttributes = Omit<ConvolutionAttributes, 'groups'>;

/** Sliding maximum over windows of `size` × `size`, `stride` apart. */
export interface PoolAttributes {
  readonly size: number;
  readonly stride: number;
  readonly padding: Padding;
}
/** y = x / (bias + alpha · Σ x²)^beta over `2 · depthRadius + 1` neighbouring channels. */
export interface LrnAttributes {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}
/** A small number added to a variance, so that its root is not 0. */
export interface BatchNormAttributes {
  readonly epsilon: number;
}
/** Whether the normal distribution is approximated by tanh. */
export interface GeluAttributes {
  readonly approximate: boolean;
}
export interface CrossEntropyAttributes {
  /** Share of the target that is spread evenly over all classes: 0 … 1. Default 0. */
  readonly labelSmoothing?: number;
}
export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Operators that only the passes of an engine add, after differentiation. Models do not use them, so an engine may omit
 * them. */
export interface EngineOpSignatures {
  /** Products of the matrices on the last two axes; the axes before them broadcast. */
  BatchMatMul: Op<'a' | 'b'>;
  Reverse: Op<'x', { readonly axes: readonly number[] }>;
  /** Rows `indices` of x along axis 0, in that order. */
  Gather: Op<'x', { readonly indices: readonly number[] }>;
}

export interface OpSignatures extends EngineOpSignatures {
  /** The tensor in the attribute. */
  Constant: Op<never, { readonly value: Tensor }>;

  // Elementwise. Two operands broadcast as in NumPy.
  Add: Op<'a' | 'b'>;
  Sub: Op<'a' | 'b'>;
  Mul: Op<'a' | 'b'>;
  Div: Op<'a' | 'b'>;
  Maximum: Op<'a' | 'b'>;
  Neg: Op<'x'>;
  Square: Op<'x'>;
  Sqrt: Op<'x'>;
  Relu: Op<'x'>;
  /** dy where the ReLU's output y is above 0. */
  ReluGrad: Op<'dy' | 'y'>;
  /** x · Φ(x), Φ the normal distribution. */
  Gelu: Op<'x', GeluAttributes>;
  GeluGrad: Op<'dy' | 'x', GeluAttributes>;
  /** x · sigmoid(x), also called swish. */
  Silu: Op<'x'>;
  SiluGrad: Op<'dy' | 'x'>;
  /** 1 where a ≥ b, else 0, as numbers: a mask to multiply with. */
  GreaterEqual: Op<'a' | 'b'>;

  // Reductions and copies.
  Sum: Op<'x', ReductionAttributes>;
  Mean: Op<'x', ReductionAttributes>;
  BroadcastTo: Op<'x', { readonly shape: Shape }>;

  // Movement.
  Reshape: Op<'x', { readonly shape: Shape }>;
  Transpose: Op<'x', { readonly order: readonly number[] }>;
  /** Cells of one value (default 0) before and after, one entry per axis. Negative counts crop. */
  Pad: Op<
    'x',
    { readonly before: readonly number[]; readonly after: readonly number[]; readonly value?: number }
  >;
  /** Every `strides`-th element from `begin`, `size` of them, one entry per axis. */
  StridedSlice: Op<
    'x',
    { readonly begin: readonly number[]; readonly size: Shape; readonly strides: readonly number[] }
  >;
  Concat: Op<number, { readonly axis: number }>;

  // Linear layers.
  MatMul: Op<'a' | 'b', { readonly transposeA: boolean; readonly transposeB: boolean }>;
  /** x [N, I, H, W], filter [O, I / groups, KH, KW], y [N, O, H', W']. */
  Conv2D: Op<'x' | 'filter', ConvolutionAttributes>;
  /** The gradient of Conv2D with respect to x, of shape `inputShape`. */
  Conv2DBackpropInput: Op<'filter' | 'dy', ConvolutionAttributes & { readonly inputShape: Shape }>;
  /** The gradient of Conv2D with respect to the filter, of shape `filterShape`. */
  Conv2DBackpropFilter: Op<'x' | 'dy', ConvolutionAttributes & { readonly filterShape: Shape }>;
  /** A convolution with a filter of its own at every position (Keras' name): x [N, I, H, W], filter [H', W', O, KH, KW, I],
   * y [N, O, H', W']. */
  LocallyConnected2D: Op<'x' | 'filter', LocalAttributes>;
  /** The gradient of LocallyConnected2D with respect to x, of shape `inputShape`. */
  LocallyConnected2DBackpropInput: Op<'filter' | 'dy', LocalAttributes & { readonly inputShape: Shape }>;
  /** The gradient of LocallyConnected2D with respect to the filter, of shape `filterShape`. */
  LocallyConnected2DBackpropFilter: Op<'x' | 'dy', LocalAttributes & { readonly filterShape: Shape }>;
  /** bias [C] added to every row of x [N, C], or to every cell of x [N, C, H, W]. */
  BiasAdd: Op<'x' | 'bias'>;
  BiasAddGrad: Op<'dy'>;

  // Pooling and normalisation.
  MaxPool: Op<'x', PoolAttributes>;
  /** dy goes to the first of the window's largest cells, in row-major order. */
  MaxPoolGrad: Op<'x' | 'y' | 'dy', PoolAttributes>;
  /** The mean of each window's cells that are inside x: padding does not count. */
  AvgPool: Op<'x', PoolAttributes>;
  /** The gradient of AvgPool with respect to x, of shape `inputShape`. */
  AvgPoolGrad: Op<'dy', PoolAttributes & { readonly inputShape: Shape }>;
  LRN: Op<'x', LrnAttributes>;
  LRNGrad: Op<'x' | 'y' | 'dy', LrnAttributes>;
  /** Batch normalisation by the statistics of x. x [N, C] or [N, C, H, W]; scale, offset and the statistics [C]. batchVariance is
   * the mean of the squared distances, without TensorFlow's factor n / (n - 1). */
  FusedBatchNormV3: Op<'x' | 'scale' | 'offset', BatchNormAttributes, 'y' | 'batchMean' | 'batchVariance'>;
  /** The gradients of FusedBatchNormV3 with respect to x (y), scale and offset; mean and variance are those of x. */
  FusedBatchNormGradV3: Op<
    'dy' | 'x' | 'scale' | 'mean' | 'variance',
    BatchNormAttributes,
    'y' | 'scaleGradient' | 'offsetGradient'
  >;
  /** Batch normalisation by given statistics: inference. */
  BatchNormWithGlobalNormalization: Op<'x' | 'mean' | 'variance' | 'scale' | 'offset', BatchNormAttributes>;

  // Losses.
  /** Cross entropy of softmax(logits) [N, K] with the classes in labels [N], and its gradient [N, K]. */
  SparseSoftmaxCrossEntropyWithLogits: Op<'logits' | 'labels', CrossEntropyAttributes, 'loss' | 'backprop'>;
  /** Σ x² / 2. */
  L2Loss: Op<'x'>;

  // Updates.
  /** variable - learningRate · gradient. */
  ApplyGradientDescent: Op<'variable' | 'gradient' | 'learningRate'>;
  /** average - (1 - decay) · (average - value). */
  ExponentialMovingAverage: Op<'average' | 'value' | 'decay'>;
}

export type OpName = keyof OpSignatures;
export type InputNames<N extends OpName> = OpSignatures[N]['inputs'];
export type OutputNames<N extends OpName> = OpSignatures[N]['outputs'];
export type AttributesOf<N extends OpName> = OpSignatures[N]['attributes'];

/** One T per input: by name, or a list if the operator takes any number of inputs. */
export type PerInput<N extends OpName, T> =
  number extends InputNames<N> ? readonly T[] : { readonly [I in InputNames<N>]: T };
export type PerOutput<N extends OpName, T> = { readonly [O in OutputNames<N>]: T };
