/** The definitions of all operators, by name. Omitting an operator is a compile error. */
import type { OpName } from '../graph/signature.ts';
import { gelu, geluGrad, silu, siluGrad } from './activation.ts';
import {
  batchNormWithGlobalNormalization,
  fusedBatchNormGradV3,
  fusedBatchNormV3,
} from './batch-normalization.ts';
import * as convolution from './convolution.ts';
import type { OpDefinition } from './definition.ts';
import * as elementwise from './elementwise.ts';
import * as local from './locally-connected.ts';
import * as loss from './loss.ts';
import { batchMatMul, matMul } from './matmul.ts';
import * as movement from './movement.ts';
import { lrn, lrnGrad } from './normalization.ts';
import { avgPool, avgPoolGrad, maxPool, maxPoolGrad } from './pooling.ts';
import { broadcastTo, mean, sum } from './reduction.ts';
import { applyGradientDescent, exponentialMovingAverage } from './update.ts';

export const definitions: { readonly [N in OpName]: OpDefinition<N> } = {
  Constant: elementwise.constant,
  Add: elementwise.add,
  Sub: elementwise.sub,
  Mul: elementwise.mul,
  Div: elementwise.div,
  Maximum: elementwise.maximum,
  Neg: elementwise.neg,
  Square: elementwise.square,
  Sqrt: elementwise.sqrt,
  Relu: elementwise.relu,
  ReluGrad: elementwise.reluGrad,
  Gelu: gelu,
  GeluGrad: geluGrad,
  Silu: silu,
  SiluGrad: siluGrad,
  GreaterEqual: elementwise.greaterEqual,
  Sum: sum,
  Mean: mean,
  BroadcastTo: broadcastTo,
  Reshape: movement.reshape,
  Transpose: movement.transpose,
  Pad: movement.pad,
  StridedSlice: movement.stridedSlice,
  StridedSliceGrad: movement.stridedSliceGrad,
  Concat: movement.concat,
  Cast: elementwise.cast,
  Reverse: movement.reverse,
  Gather: movement.gather,
  MatMul: matMul,
  BatchMatMul: batchMatMul,
  Conv2D: convolution.conv2D,
  Conv2DBackpropInput: convolution.conv2DBackpropInput,
  Conv2DBackpropFilter: convolution.conv2DBackpropFilter,
  LocallyConnected2D: local.locallyConnected2D,
  LocallyConnected2DBackpropInput: local.locallyConnected2DBackpropInput,
  LocallyConnected2DBackpropFilter: local.locallyConnected2DBackpropFilter,
  BiasAdd: convolution.biasAdd,
  BiasAddGrad: convolution.biasAddGrad,
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGrad,
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
  LRN: lrn,
  LRNGrad: lrnGrad,
  FusedBatchNormV3: fusedBatchNormV3,
  FusedBatchNormGradV3: fusedBatchNormGradV3,
  BatchNormWithGlobalNormalization: batchNormWithGlobalNormalization,
  SparseSoftmaxCrossEntropyWithLogits: loss.sparseSoftmaxCrossEntropyWithLogits,
  L2Loss: loss.l2Loss,
  ApplyGradientDescent: applyGradientDescent,
  ExponentialMovingAverage: exponentialMovingAverage,
};
