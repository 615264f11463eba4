/**
 * The table of the oneDNN primitives in use. Program calls, C signatures, primitive descriptors, fusion and precision all
 * derive from it (oneDNN Developer Guide, "Primitives" and "C API"). To add a kind, add a name and a record here; omitting
 * the record or one of its fields is a compile error.
 */

export type PrimitiveKind =
  | 'convolution_forward'
  | 'convolution_backward_data'
  | 'convolution_backward_weights'
  | 'pooling_forward'
  | 'pooling_backward'
  | 'matmul'
  | 'batch_normalization_forward'
  | 'batch_normalization_backward'
  | 'eltwise_forward'
  | 'eltwise_backward'
  | 'binary'
  | 'reduction'
  | 'softmax_forward';
/** The kinds of calls that are not primitives: a copy of tensors or of parts of tensors, which becomes reorders, the exchange, in
 * which several sessions average values, and a check that ends the step unless all its operands are finite. */
export type OtherKind = 'copy' | 'exchange' | 'finite_check';
export type CallKind = PrimitiveKind | OtherKind;

/** A tensor that an exchange reads (the session's own value) or writes (the average), or a scalar that a check reads. */
export type NamedArgument = `exchanged ${string}` | `finite ${string}`;
/** A tensor that a primitive reads or writes (DNNL_ARG_…). */
export type TensorArgument =
  | 'src'
  | 'src1'
  | 'weights'
  | 'bias'
  | 'dst'
  | 'workspace'
  | 'mean'
  | 'variance'
  | 'scale'
  | 'shift'
  | 'diffScale'
  | 'diffShift'
  | 'diffSrc'
  | 'diffWeights'
  | 'diffBias'
  | 'diffDst';

/** The arguments that are vectors with one number per channel, which is float32 in every precision. They are passed when a
 * primitive is executed; its descriptor does not choose layouts for them. */
export const channelVectors = ['mean', 'variance', 'scale', 'shift', 'diffScale', 'diffShift'] as const;
export type ChannelVector = (typeof channelVectors)[number];

/** Arguments of descriptor constructors that are not tensors. */
export type Setting = 'prop' | 'algorithm' | 'axis' | 'alpha' | 'beta' | 'p' | 'eps' | 'epsilon' | 'flags';
export type WindowArgument = 'strides' | 'kernel' | 'dilates' | 'before' | 'after';
export type ConstructorArgument =
  | Exclude<TensorArgument, 'workspace' | ChannelVector>
  | Setting
  | WindowArgument;

/** The algorithms of those primitives that are used with one algorithm only. */
export type FixedAlgorithm = 'convolutionDirect' | 'softmaxLog';

export interface PrimitiveRecord {
  /** The arguments in oneDNN 3.x: `dnnl_<kind>_primitive_desc_create(out, engine, …, [hint,] attributes)`. */
  readonly arguments: readonly ConstructorArgument[];
  /** What differs in oneDNN 2.x: `dnnl_<function>(out, …)`. The default is `<kind>_desc_init` with the arguments of 3.x
   * without `dilates`. */
  readonly v2?: { readonly function?: string; readonly arguments?: readonly ConstructorArgument[] };
  /** Operands that only 2.x takes. */
  readonly onlyV2?: readonly TensorArgument[];
  /** The forward primitive whose descriptor is passed as the hint when a backward one is created. */
  readonly hint?:
    | 'convolution_forward'
    | 'pooling_forward'
    | 'batch_normalization_forward'
    | 'eltwise_forward';
  /** The propagation kind. `workspace` and `mean` stand for training if the call writes that tensor, otherwise for
   * inference. */
  readonly prop?: 'training' | 'inference' | 'backward' | 'workspace' | 'mean';
  /** A fixed algorithm, or the name of the call's parameter that contains the algorithm. */
  readonly algorithm?: FixedAlgorithm | 'unary' | 'binary' | 'reduction' | 'pooling';
  /** The argument that the call returns as its result. */
  readonly result: TensorArgument;
  /** The tensors whose layouts oneDNN chooses; the others keep the layouts of adjacent calls. `shared` means that oneDNN
   * chooses no layout, and that operands as large as the result have the layout of the result. `rowMajor` means that operands
   * and results are row-major. */
  readonly choosesLayouts: 'all' | 'result' | 'none' | 'shared' | 'rowMajor';
  /** Whether each element of the result depends only on the elements of the operands at the same position. */
  readonly elementwise: boolean;
  /** The post-ops that run at full speed: all (`chains`), only functions of one element (`functions`), or none. With any other
   * post-op, oneDNN falls back to its reference code. */
  readonly postOps: 'chains' | 'functions' | 'none';
  /** What the primitive does when the precision is a 16-bit type. `operands`: it reads operands of that type. `follows`: it
   * computes in the type of its operands. `casts`: it reads and writes float32, and 16-bit operands are cast first. `never`: it
   * reads and writes float32, and its operands are never 16-bit; values from which `follows` primitives compute them are not
   * either. */
  readonly reduced: 'operands' | 'follows' | 'casts' | 'never';
  /** Whether the call runs even if nothing reads its results. Default: false. */
  readonly hasEffect?: true;
}

const convolution = {
  algorithm: 'convolutionDirect',
  choosesLayouts: 'all',
  elementwise: false,
  reduced: 'operands',
} as const;
const pooling = {
  algorithm: 'pooling',
  elementwise: false,
  postOps: 'none',
  reduced: 'follows',
} as const;
const plain = { choosesLayouts: 'none', elementwise: false, postOps: 'none', reduced: 'never' } as const;
const normalization = {
  choosesLayouts: 'shared',
  elementwise: false,
  postOps: 'none',
  reduced: 'follows',
} as const;
const elementwise = { choosesLayouts: 'shared', elementwise: true, reduced: 'follows' } as const;

export const primitiveKinds: Readonly<Record<PrimitiveKind, PrimitiveRecord>> = {
  convolution_forward: {
    ...convolution,
    arguments: [
      'prop',
      'algorithm',
      'src',
      'weights',
      'bias',
      'dst',
      'strides',
      'dilates',
      'before',
      'after',
    ],
    prop: 'training',
    result: 'dst',
    postOps: 'functions',
  },
  convolution_backward_data: {
    ...convolution,
    arguments: ['algorithm', 'diffSrc', 'weights', 'diffDst', 'strides', 'dilates', 'before', 'after'],
    hint: 'convolution_forward',
    result: 'diffSrc',
    postOps: 'none',
  },
  convolution_backward_weights: {
    ...convolution,
    arguments: [
      'algorithm',
      'src',
      'diffWeights',
      'diffBias',
      'diffDst',
      'strides',
      'dilates',
      'before',
      'after',
    ],
    hint: 'convolution_forward',
    result: 'diffWeights',
    postOps: 'none',
  },
  pooling_forward: {
    ...pooling,
    arguments: ['prop', 'algorithm', 'src', 'dst', 'strides', 'kernel', 'dilates', 'before', 'after'],
    prop: 'workspace',
    result: 'dst',
    choosesLayouts: 'result',
  },
  pooling_backward: {
    ...pooling,
    arguments: ['algorithm', 'diffSrc', 'diffDst', 'strides', 'kernel', 'dilates', 'before', 'after'],
    hint: 'pooling_forward',
    result: 'diffSrc',
    choosesLayouts: 'none',
  },
  matmul: {
    ...plain,
    arguments: ['src', 'weights', 'bias', 'dst'],
    result: 'dst',
    postOps: 'functions',
    reduced: 'operands',
  },
  batch_normalization_forward: {
    ...normalization,
    arguments: ['prop', 'src', 'dst', 'epsilon', 'flags'],
    v2: { arguments: ['prop', 'src', 'epsilon', 'flags'] },
    prop: 'mean',
    result: 'dst',
  },
  batch_normalization_backward: {
    ...normalization,
    arguments: ['prop', 'diffSrc', 'diffDst', 'src', 'epsilon', 'flags'],
    v2: { arguments: ['prop', 'diffDst', 'src', 'epsilon', 'flags'] },
    onlyV2: ['shift'],
    hint: 'batch_normalization_forward',
    prop: 'backward',
    result: 'diffSrc',
  },
  eltwise_forward: {
    ...elementwise,
    arguments: ['prop', 'algorithm', 'src', 'dst', 'alpha', 'beta'],
    v2: { arguments: ['prop', 'algorithm', 'src', 'alpha', 'beta'] },
    prop: 'inference',
    algorithm: 'unary',
    result: 'dst',
    postOps: 'none',
  },
  eltwise_backward: {
    ...elementwise,
    arguments: ['algorithm', 'diffSrc', 'diffDst', 'src', 'alpha', 'beta'],
    v2: { arguments: ['algorithm', 'diffDst', 'src', 'alpha', 'beta'] },
    hint: 'eltwise_forward',
    algorithm: 'unary',
    result: 'diffSrc',
    postOps: 'none',
  },
  binary: {
    ...elementwise,
    arguments: ['algorithm', 'src', 'src1', 'dst'],
    algorithm: 'binary',
    result: 'dst',
    postOps: 'chains',
  },
  reduction: {
    ...plain,
    reduced: 'casts',
    arguments: ['algorithm', 'src', 'dst', 'p', 'eps'],
    algorithm: 'reduction',
    result: 'dst',
  },
  softmax_forward: {
    ...plain,
    arguments: ['prop', 'algorithm', 'src', 'dst', 'axis'],
    v2: { function: 'softmax_v2_forward_desc_init' },
    prop: 'inference',
    algorithm: 'softmaxLog',
    result: 'dst',
  },
};

/** The kinds that are not primitives. A copy uses the layout and type of its operand. An exchange uses row-major tensors,
 * because other sessions may choose other layouts. A check has no result. */
const otherKinds: Readonly<Record<OtherKind, PrimitiveRecord>> = {
  copy: { ...plain, arguments: [], result: 'dst', reduced: 'follows' },
  exchange: {
    ...plain,
    ...{ arguments: [], result: 'dst', choosesLayouts: 'rowMajor', elementwise: true, hasEffect: true },
  },
  finite_check: {
    ...plain,
    ...{ arguments: [], result: 'dst', choosesLayouts: 'rowMajor', hasEffect: true },
  },
};

/** Returns the record of a kind. */
export function recordOf(kind: CallKind): PrimitiveRecord {
  return isPrimitive(kind) ? primitiveKinds[kind] : otherKinds[kind];
}

export function isPrimitive(kind: CallKind): kind is PrimitiveKind {
  return !(kind in otherKinds);
}
