/** The options of the layers, and their checks. An option without a check is a compile error. */
import {
  aBoolean,
  aFiniteNumber,
  aFunction,
  aListOf,
  anything,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
} from '../arguments.ts';
import type {
  ConvolutionAttributes,
  GeluAttributes,
  LocalAttributes,
  LrnAttributes,
  PoolAttributes,
  RowsAndColumns,
} from '../graph/signature.ts';
import type { Initializer } from './initializers.ts';
import type { Parameter } from './network.ts';

/** The weights of a layer. */
export interface WeightOptions {
  readonly initializer: Initializer;
  /** See `Parameter`. */
  readonly decayShare?: number;
  /** The initial value of the biases. A layer without this option has no biases. */
  readonly bias?: number;
}

/** Options of `Layers.convolution`. */
export interface ConvolutionOptions extends WeightOptions, ConvolutionAttributes {
  /** The number of output channels. */
  readonly filters: number;
  /** The rows and columns of a filter. */
  readonly kernel: RowsAndColumns;
}

/** Options of `Layers.locallyConnected`. */
export interface LocalOptions extends WeightOptions, LocalAttributes {
  /** The number of output channels. */
  readonly filters: number;
  /** The rows and columns of a filter. */
  readonly kernel: RowsAndColumns;
}

/** Options of `Layers.dense`. */
export interface DenseOptions extends WeightOptions {
  readonly units: number;
}

/** Options with the definitions and names that PyTorch uses. */
export interface BatchNormalizationOptions {
  /** The weight of the batch's statistics in the new running statistics, 0 … 1. Default: 0.1. */
  readonly momentum?: number;
  /** A number that is added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Whether there is a trained factor `gamma` for each channel. Default: true. Without it, the factors are 1. */
  readonly scale?: boolean;
  /** The weight decay of `gamma` and `beta`; see `Parameter`. Default: none. */
  readonly decayShare?: number;
}

/** Options of `Layers.dropout`. */
export interface DropoutOptions {
  /** The probability that a value is dropped: at least 0 and less than 1. */
  readonly rate: number;
}

const aKernel = aListOf(aWholeNumber(1), 2);

/** Accepts any value, for options that the layer or the shape rule of the operator checks. */
const checkedThere = anything;

export const parameterChecks: OptionChecks<Omit<Parameter, 'variable'>> = {
  initializer: required(aFunction),
  decayShare: optional(aFiniteNumber(0)),
};

const weightChecks: OptionChecks<WeightOptions> = { ...parameterChecks, bias: optional(aFiniteNumber()) };

export const localChecks: OptionChecks<LocalOptions> = {
  ...weightChecks,
  filters: required(aWholeNumber(1)),
  kernel: required(aKernel),
  padding: required(checkedThere),
  strides: optional(checkedThere),
};

export const convolutionChecks: OptionChecks<ConvolutionOptions> = {
  ...localChecks,
  groups: optional(checkedThere),
};

export const denseChecks: OptionChecks<DenseOptions> = { ...weightChecks, units: required(aWholeNumber(1)) };

export const batchNormalizationChecks: OptionChecks<BatchNormalizationOptions> = {
  momentum: optional(aFiniteNumber(0, 1)),
  epsilon: optional(aFiniteNumber(0)),
  scale: optional(aBoolean),
  decayShare: parameterChecks.decayShare,
};

export const dropoutChecks: OptionChecks<DropoutOptions> = { rate: required(checkedThere) };

export const geluChecks: OptionChecks<GeluAttributes> = { approximate: required(aBoolean) };

export const lrnChecks: OptionChecks<LrnAttributes> = {
  depthRadius: required(aWholeNumber(0)),
  bias: required(aFiniteNumber()),
  alpha: required(aFiniteNumber()),
  beta: required(aFiniteNumber()),
};

export const poolChecks: OptionChecks<PoolAttributes> = {
  size: required(aWholeNumber(1)),
  stride: required(aWholeNumber(1)),
  padding: required(checkedThere),
};
