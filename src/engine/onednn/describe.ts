/** A call as a primitive descriptor: which constructor, with which arguments. */

import { messageOf, RunError } from '../../errors.ts';
import type { Call, Slot } from '../../ops/primitives.ts';
import { stridesOf } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { algorithms, propKinds } from './native/constants.ts';
import type { Handle, NativeArguments, NativePostOp, Onednn } from './native/onednn.ts';
import { printCall } from './program.ts';

/** The descriptor that a slot is to have as an argument. */
export type DescriptorOf = (slot: Slot) => Handle;

/** @throws RunError naming the call, its shapes and oneDNN's status */
export function describeCall(onednn: Onednn, call: Call, descriptorOf: DescriptorOf): Handle {
  try {
    return create(onednn, call, descriptorOf);
  } catch (error) {
    throw new RunError(`oneDNN ${onednn.library.version} cannot do ${printCall(call)}: ${messageOf(error)}`);
  }
}

function create(onednn: Onednn, call: Call, descriptorOf: DescriptorOf): Handle {
  const { kind, parameters } = call;
  const at = (slot: Slot | undefined) => (slot === undefined ? null : descriptorOf(slot));
  const { reads, writes } = call;
  const postOps = call.postOps.map((postOp): NativePostOp => {
    if ('operand' in postOp)
      return { binary: algorithms[postOp.binary], operand: descriptorOf(postOp.operand) };
    return { eltwise: postOp.unary, alpha: postOp.alpha, beta: postOp.beta };
  });
  const make = (args: NativeArguments, hint?: Handle) => {
    if (kind === 'copy') throw new TypeError('copies are made piece by piece');
    return onednn.primitiveDescriptor(kind, args, postOps, hint);
  };
  switch (kind) {
    case 'convolution_forward':
      return make({
        ...convolution(call),
        prop: propKinds.training,
        src: at(reads.src),
        weights: at(reads.weights),
        bias: biasDescriptor(onednn, reads.bias),
        dst: at(writes.dst),
      });
    case 'convolution_backward_data':
      return make(
        {
          ...convolution(call),
          diffSrc: at(writes.diffSrc),
          weights: at(reads.weights),
          diffDst: at(reads.diffDst),
        },
        forwardConvolution(onednn, call, writes.diffSrc, reads.weights, reads.diffDst),
      );
    case 'convolution_backward_weights':
      return make(
        {
          ...convolution(call),
          src: at(reads.src),
          diffWeights: at(writes.diffWeights),
          diffBias: biasDescriptor(onednn, writes.diffBias),
          diffDst: at(reads.diffDst),
        },
        forwardConvolution(onednn, call, reads.src, writes.diffWeights, reads.diffDst),
      );
    case 'pooling_forward':
      return make({
        ...pooling(call),
        prop: writes.workspace === undefined ? propKinds.inference : propKinds.training,
        src: at(reads.src),
        dst: at(writes.dst),
      });
    case 'pooling_backward': {
      const [src, dst] = [at(writes.diffSrc), at(reads.diffDst)];
      const hint = onednn.primitiveDescriptor('pooling_forward', {
        ...pooling(call),
        prop: propKinds.training,
        src,
        dst,
      });
      return make({ ...pooling(call), diffSrc: src, diffDst: dst }, hint);
    }
    case 'matmul':
      return make({
        src: matrixDescriptor(onednn, call, 'src'),
        weights: matrixDescriptor(onednn, call, 'weights'),
        bias: at(reads.bias),
        dst: at(writes.dst),
      });
    case 'eltwise_forward':
      return make({
        prop: propKinds.inference,
        algorithm: onednn.eltwise(parameters.unary ?? 'linear'),
        src: at(reads.src),
        dst: at(writes.dst),
        alpha: parameters.alpha ?? 0,
        beta: parameters.beta ?? 0,
      });
    case 'binary':
      return make({
        algorithm: algorithms[parameters.binary ?? 'add'],
        src: at(reads.src),
        src1: at(reads.src1),
        dst: at(writes.dst),
      });
    case 'reduction':
      return make({
        algorithm: algorithms[parameters.reduction ?? 'sum'],
        src: at(reads.src),
        dst: at(writes.dst),
        p: 0,
        eps: 0,
      });
    case 'softmax_forward':
      return make({
        prop: propKinds.inference,
        algorithm: algorithms.softmaxLog,
        src: at(reads.src),
        dst: at(writes.dst),
        axis: (reads.src?.dims.length ?? 1) - 1,
      });
    case 'copy':
      throw new TypeError('copies are made piece by piece');
  }
}

function convolution({ parameters: { window } }: Call): NativeArguments {
  return {
    algorithm: algorithms.convolutionDirect,
    strides: window?.strides ?? [1, 1],
    dilates: [0, 0],
    before: window?.before ?? [0, 0],
    after: window?.after ?? [0, 0],
  };
}

function pooling({ parameters: { window } }: Call): NativeArguments {
  const { strides = [1, 1], kernel = [1, 1], before = [0, 0], after = [0, 0] } = window ?? {};
  return { algorithm: algorithms.poolingMax, strides, kernel, dilates: [0, 0], before, after };
}

/** The forward convolution of a backward one, which oneDNN asks for as a hint. */
function forwardConvolution(onednn: Onednn, call: Call, src?: Slot, weights?: Slot, dst?: Slot): Handle {
  const type = call.reads.diffDst?.type ?? 'float32';
  const any = (slot: Slot | undefined) => onednn.tensor(slot?.dims ?? [], type, 'any');
  return onednn.primitiveDescriptor('convolution_forward', {
    ...convolution(call),
    prop: propKinds.training,
    src: any(src),
    weights: any(weights),
    bias: null,
    dst: any(dst),
  });
}

/** A convolution's bias is a vector. */
function biasDescriptor(onednn: Onednn, bias: Slot | undefined): Handle | null {
  return bias === undefined ? null : onednn.tensor([sizeOf(bias.dims)], bias.type, [1]);
}

/** A matrix, or its transpose in the same memory. */
function matrixDescriptor(onednn: Onednn, { reads, parameters }: Call, place: 'src' | 'weights'): Handle {
  const slot = reads[place];
  const [dims, strides] = [slot?.dims ?? [], stridesOf(slot?.dims ?? [])];
  const turned = parameters.transposed?.includes(place);
  return onednn.tensor(
    turned ? dims.toReversed() : dims,
    slot?.type ?? 'float32',
    turned ? strides.toReversed() : strides,
  );
}
