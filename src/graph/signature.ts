/**
 * The graph language: every operator with its inputs, attributes and outputs. This file says which operators exist; `ops/`
 * defines what each one computes. Operators that exist in TensorFlow have their names from there. No operator modifies a
 * tensor in place: every operator returns new values.
 */
import type { FloatType } from '../tensor/dtype.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';

/** A number for rows and one for columns. */
export type RowsAndColumns = readonly [rows: number, columns: number];

/** How many cells are added before the first row and column and after the last ones: 0 or more. */
export interface ExplicitPadding {
  readonly before: RowsAndColumns;
  readonly after: RowsAndColumns;
}
/** `SAME` pads so that ⌈length / stride⌉ windows fit along an axis; if the padding is odd, the extra cell comes last.
 * `VALID` does not pad. */
export type Padding = 'SAME' | 'VALID' | ExplicitPadding;

/** The signature of an operator: the names of its inputs and outputs, and its attributes. `number` stands for any number of
 * inputs. */
export interface Op<Inputs extends string | number, Attributes = NoAttributes, Outputs extends string = 'y'> {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  readonly outputs: Outputs;
}

/** Operators without attributes have these. */
export type NoAttributes = Readonly<Record<never, never>>;

/** The geometry of a convolution. */
export interface ConvolutionAttributes {
  readonly padding: Padding;
  /** The distance between neighboring windows in cells: one number for rows and one for columns, or one for both.
   * Default: 1. */
  readonly strides?: number | RowsAndColumns;
  /** The number of groups into which the input and output channels are divided, in order. An output channel only reads the
   * input channels of its own group. With as many groups as input channels, this is a depthwise convolution. Default: 1. */
  readonly groups?: number;
}
/** The geometry of a locally connected operator. */
export type LocalAttributes = Omit<ConvolutionAttributes, 'groups'>;

/** A maximum or average over windows of `size` × `size` cells whose starts are `stride` cells apart. */
export interface PoolAttributes {
  readonly size: number;
  readonly stride: number;
  readonly padding: Padding;
}
/** y = x / (bias + alpha · Σ x²)^beta over `2 · depthRadius + 1` neighboring channels. */
export interface LrnAttributes {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}
/** Attributes of batch normalization. */
export interface BatchNormAttributes {
  /** A small number that is added to a variance to avoid dividing by 0. */
  readonly epsilon: number;
}
/** Attributes of GELU. */
export interface GeluAttributes {
  /** Whether the normal distribution function is approximated with tanh. */
  readonly approximate: boolean;
}
/** Attributes of the cross entropy. */
export interface CrossEntropyAttributes {
  /** Share of the target that is spread evenly over all classes: 0 … 1. Default: 0. */
  readonly labelSmoothing?: number;
}
/** Attributes of operators that reduce axes. */
export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Operators that only the passes of an engine add, after differentiation. Models do not use them, so an engine does not
 * have to support them. */
export interface EngineOpSignatures {
  /** Multiplies the matrices on the last two axes. The axes before them broadcast. */
  BatchMatMul: Op<'a' | 'b'>;
  Reverse: Op<'x', { readonly axes: readonly number[] }>;
  /** x as numbers of the type `to`, each of which is the nearest one; of two equally near ones the even one. Numbers beyond the
   * largest one become infinity. */
  Cast: Op<'x', { readonly to: FloatType }>;
  /** The rows of x (along axis 0) with the given `indices`, in that order. */
  Gather: Op<'x', { readonly indices: readonly number[] }>;
}

/** The operators from which networks are built: inputs, attributes and outputs by name. */
export interface OpSignatures extends EngineOpSignatures {
  /** The tensor stored in the attribute. */
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
  /** dy where y, the output of the ReLU, is above 0, and 0 elsewhere. */
  ReluGrad: Op<'dy' | 'y'>;
  /** x · Φ(x), where Φ is the distribution function of the standard normal distribution. */
  Gelu: Op<'x', GeluAttributes>;
  GeluGrad: Op<'dy' | 'x', GeluAttributes>;
  /** x · sigmoid(x), also called swish. */
  Silu: Op<'x'>;
  SiluGrad: Op<'dy' | 'x'>;
  /** 1 where a ≥ b, else 0. The result has the type of a, so it can be used as a mask in a product. */
  GreaterEqual: Op<'a' | 'b'>;

  // Reductions and broadcasting.
  Sum: Op<'x', ReductionAttributes>;
  Mean: Op<'x', ReductionAttributes>;
  BroadcastTo: Op<'x', { readonly shape: Shape }>;

  // Movement.
  Reshape: Op<'x', { readonly shape: Shape }>;
  Transpose: Op<'x', { readonly order: readonly number[] }>;
  /** Adds cells with a constant value (default 0) before and after each axis, with one pair of counts per axis. Negative
   * counts crop. */
  Pad: Op<
    'x',
    { readonly before: readonly number[]; readonly after: readonly number[]; readonly value?: number }
  >;
  /** Takes `size` elements along each axis, starting at `begin`, `strides` apart. Each list has one entry per axis. */
  StridedSlice: Op<
    'x',
    { readonly begin: readonly number[]; readonly size: Shape; readonly strides: readonly number[] }
  >;
  /** The gradient of StridedSlice with respect to x: a tensor of shape `inputShape` with dy at the elements that the slice
   * read, and zeros elsewhere. */
  StridedSliceGrad: Op<
    'dy',
    { readonly begin: readonly number[]; readonly strides: readonly number[]; readonly inputShape: Shape }
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
  /** Adds bias [C] to every row of x [N, C], or to every cell of x [N, C, H, W]. */
  BiasAdd: Op<'x' | 'bias'>;
  BiasAddGrad: Op<'dy'>;

  // Pooling and normalization.
  MaxPool: Op<'x', PoolAttributes>;
  /** Each element of dy goes to the largest cell of its window; if several are equally large, to the first in row-major
   * order. */
  MaxPoolGrad: Op<'x' | 'y' | 'dy', PoolAttributes>;
  /** The mean of the cells of each window. Padding cells are not counted. */
  AvgPool: Op<'x', PoolAttributes>;
  /** The gradient of AvgPool with respect to x, of shape `inputShape`. */
  AvgPoolGrad: Op<'dy', PoolAttributes & { readonly inputShape: Shape }>;
  LRN: Op<'x', LrnAttributes>;
  LRNGrad: Op<'x' | 'y' | 'dy', LrnAttributes>;
  /** Batch normalization with the statistics of x itself. x is [N, C] or [N, C, H, W]; scale, offset and the statistics are
   * [C]. batchVariance is the mean of the squared deviations, without TensorFlow's factor n / (n - 1). */
  FusedBatchNormV3: Op<'x' | 'scale' | 'offset', BatchNormAttributes, 'y' | 'batchMean' | 'batchVariance'>;
  /** The gradients of FusedBatchNormV3 with respect to x (the output y), scale and offset. mean and variance are the statistics
   * of x. */
  FusedBatchNormGradV3: Op<
    'dy' | 'x' | 'scale' | 'mean' | 'variance',
    BatchNormAttributes,
    'y' | 'scaleGradient' | 'offsetGradient'
  >;
  /** Batch normalization with given statistics, for inference. */
  BatchNormWithGlobalNormalization: Op<'x' | 'mean' | 'variance' | 'scale' | 'offset', BatchNormAttributes>;

  // Losses.
  /** The cross entropy of softmax(logits) [N, K] and the classes in labels [N], and its gradient [N, K] with respect to the
   * logits. */
  SparseSoftmaxCrossEntropyWithLogits: Op<'logits' | 'labels', CrossEntropyAttributes, 'loss' | 'backprop'>;
  /** Σ x² / 2. */
  L2Loss: Op<'x'>;

  // Updates.
  /** variable - learningRate · gradient. */
  ApplyGradientDescent: Op<'variable' | 'gradient' | 'learningRate'>;
  /** average - (1 - decay) · (average - value). */
  ExponentialMovingAverage: Op<'average' | 'value' | 'decay'>;
}

/** The name of an operator. */
export type OpName = keyof OpSignatures;
/** The names of the inputs of an operator. */
export type InputNames<N extends OpName> = OpSignatures[N]['inputs'];
/** The names of the outputs of an operator. */
export type OutputNames<N extends OpName> = OpSignatures[N]['outputs'];
/** The attributes of an operator. */
export type AttributesOf<N extends OpName> = OpSignatures[N]['attributes'];

/** One T per input: an object with the names of the inputs as keys, or a list if the operator takes any number of inputs. */
export type PerInput<N extends OpName, T> =
  number extends InputNames<N> ? readonly T[] : { readonly [I in InputNames<N>]: T };
/** A value for each output of an operator. */
export type PerOutput<N extends OpName, T> = { readonly [O in OutputNames<N>]: T };
