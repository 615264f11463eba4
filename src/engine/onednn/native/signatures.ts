/**
 * What oneDNN's constructors of primitives take, argument by argument, under the names of its documentation. One table
 * for both generations of its C API (oneDNN Developer Guide, "C API"): 3.x makes a primitive descriptor in one call,
 * 2.x fills an operation descriptor first, and lacks a few arguments.
 */

/** How an argument is passed. */
export const argumentTypes = {
  prop: 'int',
  algorithm: 'int',
  axis: 'int',
  alpha: 'float',
  beta: 'float',
  p: 'float',
  eps: 'float',
  src: 'void *',
  src1: 'void *',
  weights: 'void *',
  bias: 'void *',
  dst: 'void *',
  diffSrc: 'void *',
  diffWeights: 'void *',
  diffBias: 'void *',
  diffDst: 'void *',
  strides: 'int64_t *',
  kernel: 'int64_t *',
  dilates: 'int64_t *',
  before: 'int64_t *',
  after: 'int64_t *',
} as const;

export type ArgumentName = keyof typeof argumentTypes;

interface Signature {
  /** 3.x: `dnnl_<name>_primitive_desc_create(out, engine, …, [hint,] attributes)`. */
  readonly v3: string;
  /** 2.x: `dnnl_<function>(out, …)`, where it differs from `<name>_desc_init` with 3.x's arguments less `dilates`. */
  readonly v2?: { readonly function?: string; readonly arguments?: string };
  /** Whether it is made with the descriptor of its forward primitive. */
  readonly hint?: true;
}

export type PrimitiveKind =
  | 'convolution_forward'
  | 'convolution_backward_data'
  | 'convolution_backward_weights'
  | 'pooling_forward'
  | 'pooling_backward'
  | 'matmul'
  | 'eltwise_forward'
  | 'binary'
  | 'reduction'
  | 'softmax_forward';

const window = 'strides dilates before after';

const signatures: Readonly<Record<PrimitiveKind, Signature>> = {
  convolution_forward: { v3: `prop algorithm src weights bias dst ${window}` },
  convolution_backward_data: { v3: `algorithm diffSrc weights diffDst ${window}`, hint: true },
  convolution_backward_weights: { v3: `algorithm src diffWeights diffBias diffDst ${window}`, hint: true },
  pooling_forward: { v3: 'prop algorithm src dst strides kernel dilates before after' },
  pooling_backward: { v3: 'algorithm diffSrc diffDst strides kernel dilates before after', hint: true },
  matmul: { v3: 'src weights bias dst' },
  eltwise_forward: {
    v3: 'prop algorithm src dst alpha beta',
    v2: { arguments: 'prop algorithm src alpha beta' },
  },
  binary: { v3: 'algorithm src src1 dst' },
  reduction: { v3: 'algorithm src dst p eps' },
  softmax_forward: { v3: 'prop algorithm src dst axis', v2: { function: 'softmax_v2_forward_desc_init' } },
};

/** Name of the C function and its arguments' names, in order. */
export function signatureOf(
  kind: PrimitiveKind,
  major: number,
): { readonly name: string; readonly args: readonly ArgumentName[]; readonly hint: boolean } {
  const { v3, v2, hint } = signatures[kind];
  const names = (list: string) => list.split(' ') as ArgumentName[];
  if (major >= 3) return { name: `dnnl_${kind}_primitive_desc_create`, args: names(v3), hint: hint === true };
  const args = names(v2?.arguments ?? v3).filter((name) => name !== 'dilates');
  return { name: `dnnl_${v2?.function ?? `${kind}_desc_init`}`, args, hint: hint === true };
}
