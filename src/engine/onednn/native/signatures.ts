/**
 * The C functions that create the descriptors of oneDNN's primitives, in both major versions of its API. They are derived from
 * the table of primitives. Version 3.x creates a descriptor in one call; 2.x first fills an operation descriptor, and lacks a
 * few arguments.
 */
import {
  type ConstructorArgument,
  type PrimitiveKind,
  primitiveKinds,
} from '../../../ops/primitive-kinds.ts';

/** The C type of each argument. */
export const argumentTypes: Readonly<Record<ConstructorArgument, string>> = {
  prop: 'int',
  algorithm: 'int',
  axis: 'int',
  alpha: 'float',
  beta: 'float',
  p: 'float',
  eps: 'float',
  epsilon: 'float',
  flags: 'unsigned int',
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
};

/** Returns the name of the C function, and the names of its arguments in order. */
export function signatureOf(
  kind: PrimitiveKind,
  major: number,
): { readonly name: string; readonly args: readonly ConstructorArgument[]; readonly hint: boolean } {
  const { arguments: v3, v2, hint } = primitiveKinds[kind];
  const hinted = hint !== undefined;
  if (major >= 3) return { name: `dnnl_${kind}_primitive_desc_create`, args: v3, hint: hinted };
  const args = (v2?.arguments ?? v3).filter((name) => name !== 'dilates');
  return { name: `dnnl_${v2?.function ?? `${kind}_desc_init`}`, args, hint: hinted };
}
