/** Makes the primitive descriptor of a call: maps the call to constructor arguments, following the table of primitives. */
import { messageOf, RunError } from '../../errors.ts';
import {
  type ConstructorArgument,
  isPrimitive,
  type PrimitiveKind,
  type PrimitiveRecord,
  primitiveKinds,
  recordOf,
} from '../../ops/primitive-kinds.ts';
import { type Call, type Slot, stridesOf } from '../../ops/primitives.ts';
import { type Shape, sizeOf } from '../../tensor/tensor.ts';
import { algorithms, normalizationFlags, propKinds } from './native/constants.ts';
import type { Handle, NativeArguments, NativePostOp, Onednn } from './native/onednn.ts';
import { printCall } from './program.ts';

/** The memory descriptor that describes a slot to a primitive. */
export type DescriptorOf = (slot: Slot) => Handle;

/** oneDNN does not support a call. The message has the call, its shapes and oneDNN's status. */
export class UnsupportedCall extends RunError {
  readonly kind: PrimitiveKind;

  constructor(kind: PrimitiveKind, message: string, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** @throws UnsupportedCall when oneDNN does not support the call */
export function describeCall(onednn: Onednn, call: Call, descriptorOf: DescriptorOf): Handle {
  const { kind } = call;
  if (!isPrimitive(kind)) throw new TypeError(`a call of the kind ${kind} has no primitive`);
  try {
    const values = argumentValues(onednn, call, descriptorOf);
    return onednn.primitiveDescriptor(
      kind,
      argumentsOf(kind, values),
      postOpsOf(call, descriptorOf),
      hintOf(onednn, call, kind, values),
    );
  } catch (error) {
    const why = `oneDNN ${onednn.library.version} does not support ${printCall(call)}: ${messageOf(error)}`;
    throw new UnsupportedCall(kind, why, error);
  }
}

type Value = NonNullable<NativeArguments[ConstructorArgument]> | null;
type Values = Readonly<Record<ConstructorArgument, () => Value>>;

function argumentsOf(kind: PrimitiveKind, values: Values): NativeArguments {
  return Object.fromEntries(primitiveKinds[kind].arguments.map((name) => [name, values[name]()]));
}

/** Computes the value of each constructor argument from the call. */
function argumentValues(onednn: Onednn, call: Call, descriptorOf: DescriptorOf): Values {
  const { parameters, reads, writes } = call;
  const { strides = [1, 1], kernel = [1, 1], before = [0, 0], after = [0, 0] } = parameters.window ?? {};
  const at = (slot: Slot | undefined) => (slot === undefined ? null : descriptorOf(slot));
  const bias = (slot: Slot | undefined) => (isConvolution(call) ? vector(onednn, slot) : at(slot));
  const matrix = (name: 'src' | 'weights') =>
    parameters.transposed?.includes(name) ? transposed(onednn, reads[name]) : at(reads[name]);
  return {
    prop: () => propOf(call),
    algorithm: () => algorithmOf(onednn, call),
    axis: () => (reads.src?.dims.length ?? 1) - 1,
    alpha: () => parameters.alpha ?? 0,
    beta: () => parameters.beta ?? 0,
    p: () => 0,
    eps: () => 0,
    epsilon: () => parameters.epsilon ?? 0,
    flags: () => flagsOf(onednn, call),
    src: () => matrix('src'),
    src1: () => at(reads.src1),
    weights: () => matrix('weights'),
    bias: () => bias(reads.bias),
    dst: () => at(writes.dst),
    diffSrc: () => at(writes.diffSrc),
    diffWeights: () => at(writes.diffWeights),
    diffBias: () => bias(writes.diffBias),
    diffDst: () => at(reads.diffDst),
    strides: () => strides,
    kernel: () => kernel,
    dilates: () => [0, 0],
    before: () => before,
    after: () => after,
  };
}

function isConvolution({ kind }: Call): boolean {
  return recordOf(kind).algorithm === 'convolutionDirect';
}

function propOf({ kind, writes }: Call): number {
  const { prop } = recordOf(kind);
  if (prop === 'workspace' || prop === 'mean')
    return writes[prop] === undefined ? propKinds.inference : propKinds.training;
  return propKinds[prop ?? 'inference'];
}

/** Returns the flags of a normalization with scale and shift, whose statistics are either passed to the call or computed by
 * it. */
function flagsOf({ library }: Onednn, { kind, reads, parameters }: Call): number {
  const flags = normalizationFlags[library.major >= 3 ? 'v3' : 'v2'];
  const isGiven = kind === 'batch_normalization_forward' && reads.mean !== undefined;
  const relu = parameters.relu ? flags.relu : 0;
  return flags.scale + flags.shift + relu + (isGiven ? flags.givenStatistics : 0);
}

function algorithmOf(onednn: Onednn, { kind, parameters }: Call): number {
  const { algorithm } = recordOf(kind);
  if (algorithm === 'unary') return onednn.eltwise(parameters.unary ?? 'linear');
  if (algorithm === 'binary') return algorithms[parameters.binary ?? 'add'];
  if (algorithm === 'reduction') return algorithms[parameters.reduction ?? 'sum'];
  if (algorithm === 'pooling') return algorithms[parameters.pooling ?? 'poolingMax'];
  if (algorithm === undefined) throw new TypeError(`${kind} has no algorithm`);
  return algorithms[algorithm];
}

function postOpsOf(call: Call, descriptorOf: DescriptorOf): readonly NativePostOp[] {
  return call.postOps.map((postOp) =>
    'operand' in postOp
      ? { binary: algorithms[postOp.binary], operand: descriptorOf(postOp.operand) }
      : { eltwise: postOp.unary, alpha: postOp.alpha, beta: postOp.beta },
  );
}

/** Returns the descriptor of the forward primitive of a backward call. oneDNN requires it as a hint. */
function hintOf(onednn: Onednn, call: Call, kind: PrimitiveKind, values: Values): Handle | null {
  const { hint } = primitiveKinds[kind];
  if (hint === undefined) return null;
  const forward: Values = {
    ...values,
    ...forwardTensors(onednn, call, hint, values),
    prop: () => propKinds.training,
  };
  return onednn.primitiveDescriptor(hint, argumentsOf(hint, forward));
}

function forwardTensors(
  onednn: Onednn,
  call: Call,
  hint: NonNullable<PrimitiveRecord['hint']>,
  { src, diffSrc, diffDst }: Values,
): Partial<Values> {
  if (hint === 'convolution_forward') return forwardConvolution(onednn, call);
  return { src: hint === 'pooling_forward' ? diffSrc : src, dst: diffDst };
}

/** Returns the tensors of the forward convolution that serves as the hint of a backward one. oneDNN may choose all their
 * layouts. */
function forwardConvolution(onednn: Onednn, { reads, writes }: Call): Partial<Values> {
  const type = reads.diffDst?.type ?? 'float32';
  const any = (slot: Slot | undefined) => () => onednn.tensor(slot?.dims ?? [], type, 'any');
  return {
    src: any(reads.src ?? writes.diffSrc),
    weights: any(reads.weights ?? writes.diffWeights),
    bias: () => null,
    dst: any(reads.diffDst),
  };
}

/** Describes the bias of a convolution, which must be a vector. */
function vector(onednn: Onednn, bias: Slot | undefined): Handle | null {
  return bias === undefined ? null : onednn.tensor([sizeOf(bias.dims)], bias.type, [1]);
}

/** Describes the matrices on the last two axes as their transposes, without moving elements. */
function transposed(onednn: Onednn, slot: Slot | undefined): Handle | null {
  if (slot === undefined) return null;
  const swapped = (list: Shape) => [...list.slice(0, -2), ...list.slice(-2).toReversed()];
  return onednn.tensor(swapped(slot.dims), slot.type, swapped(stridesOf(slot.dims)));
}
