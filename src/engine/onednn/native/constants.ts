/** The values of oneDNN's enumerations that the engine uses (dnnl_types.h and dnnl_common_types.h). */
import type { ChannelVector, FixedAlgorithm, TensorArgument } from '../../../ops/primitive-kinds.ts';
import type { Binary, Pooling, Reduction, Unary } from '../../../ops/primitives.ts';

/** The status codes of oneDNN's functions (dnnl_status_t). */
export const statusWords: Readonly<Record<number, string>> = {
  1: 'out of memory',
  2: 'invalid arguments',
  3: 'not implemented',
  4: 'no implementation left',
  5: 'runtime error',
  6: 'not required',
};

/** The element types (dnnl_data_type_t). */
export const dataTypes = { float16: 1, bfloat16: 2, float32: 3, int32: 4 } as const;
export type DataType = keyof typeof dataTypes;
/** The number of bytes per element. */
export const elementSize: Readonly<Record<DataType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  int32: 4,
};

export const propKinds = { training: 64, inference: 96, backward: 128 } as const;

/** The flags of normalizations (dnnl_normalization_flags_t). oneDNN 3.x renumbered them. */
export const normalizationFlags = {
  v2: { givenStatistics: 1, relu: 4, scale: 8, shift: 16 },
  v3: { givenStatistics: 1, scale: 2, shift: 4, relu: 8 },
} as const;

/** The numbers of those algorithms that have the same number in oneDNN 2.x and 3.x. */
export const algorithms: Readonly<Record<FixedAlgorithm | Binary | Reduction | Pooling, number>> = {
  convolutionDirect: 1,
  poolingMax: 511,
  poolingAverage: 1023,
  add: 131056,
  mul: 131057,
  max: 131058,
  div: 131060,
  sub: 131061,
  ge: 131062,
  gt: 131063,
  eq: 131066,
  sum: 196596,
  mean: 196598,
  softmaxLog: 196609,
};

/** The numbers of elementwise functions. oneDNN 3.x renumbered them. */
export const eltwiseAlgorithms: Readonly<Record<'v2' | 'v3', Readonly<Record<Unary, number>>>> = {
  v2: { relu: 31, sqrt: 111, linear: 127, exp: 191, pow: 32, geluErf: 48, geluTanh: 207, swish: 223 },
  v3: { relu: 32, sqrt: 37, linear: 38, exp: 42, pow: 48, geluErf: 49, geluTanh: 43, swish: 44 },
};

/** A tensor that a primitive takes at execution. */
export type RunArgument = TensorArgument | 'scratchpad';

/** Argument numbers (DNNL_ARG_…). */
export const argumentNumbers: Readonly<Record<RunArgument, number>> = {
  src: 1,
  src1: 2,
  dst: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  diffSrc: 129,
  diffDst: 145,
  diffWeights: 161,
  diffBias: 169,
  diffScale: 255,
  diffShift: 256,
};
/** Returns the argument number of the second operand of post-op `index` (DNNL_ARG_ATTR_MULTIPLE_POST_OP). */
export function postOpNumber(index: number, major: number): number {
  return ((major >= 3 ? 32768 : 16384) * (index + 1)) | argumentNumbers.src1;
}

/** The query (dnnl_query_t) for the name of a primitive's implementation. */
export const implementationQuery = 8;
/** An argument whose layout a primitive can report. */
export type LayoutArgument = Exclude<RunArgument, ChannelVector>;
/** For each argument, the query for its layout, and its index among the arguments of that kind. */
export const layoutQueries: Readonly<Record<LayoutArgument, readonly [query: number, index: number]>> = {
  src: [129, 0],
  src1: [129, 1],
  diffSrc: [130, 0],
  weights: [131, 0],
  bias: [131, 1],
  diffWeights: [132, 0],
  diffBias: [132, 1],
  dst: [133, 0],
  diffDst: [134, 0],
  workspace: [135, 0],
  scratchpad: [136, 0],
};
