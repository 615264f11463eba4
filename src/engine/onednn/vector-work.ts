/**
 * Elementwise calls whose tensors are described to oneDNN as vectors: of all elements, in the order in which they are in memory.
 *
 * If a layout is padded (such as 24 channels in two blocks of 16), the vector includes the padding, which other primitives expect to
 * be zero. Such a layout is therefore only chosen if all elementwise calls on a tensor compute zero from zeros.
 */
import { recordOf } from '../../ops/primitive-kinds.ts';
import type { Binary, Call, Slot, Unary } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { baseOf, type Program, readsOf, resultOf } from './program.ts';

/**
 * Whether the tensors of a call are described to oneDNN as vectors. This applies to elementwise calls on full tensors in one
 * layout, and on single numbers, whose results do not depend on the positions of elements. The reason is that oneDNN 2.6
 * miscomputes chains on blocked layouts with few channels: for a filter [64, 3, 5, 5] in blocks of 16 it computes some
 * elements twice and skips others.
 */
export function isVectorWork(call: Call): boolean {
  const result = resultOf(call);
  const fits = ({ dims, type }: Slot) =>
    sizeOf(dims) === 1 || (dims.join() === result.dims.join() && (type === result.type || dims.length <= 2));
  return recordOf(call.kind).elementwise && readsOf(call).every(fits);
}

/** Whether an elementwise call computes 0 where all its full-size operands are 0. Only the values of constants are known. */
export function keepsZeros(call: Call, { constants }: Pick<Program, 'constants'>): boolean {
  const { kind, reads, parameters, postOps } = call;
  if (kind === 'eltwise_backward') return hasSlopeAtZero.some((unary) => unary === parameters.unary);
  const { dims } = resultOf(call);
  const zeroOrValue = (slot: Slot | undefined): Constant => {
    if (slot === undefined) return undefined;
    if (slot.dims.join() === dims.join()) return 0;
    const data = constants.get(baseOf(slot))?.data;
    return data?.length === 1 ? Number(data[0]) : undefined;
  };
  const { unary, binary, alpha = 0, beta = 0 } = parameters;
  const source = zeroOrValue(reads.src);
  const head =
    unary !== undefined
      ? unaryOf[unary](source, alpha, beta)
      : binary !== undefined
        ? binaryOf[binary](source, zeroOrValue(reads.src1))
        : undefined;
  const result = postOps.reduce<Constant>(
    (value, postOp) =>
      'operand' in postOp
        ? binaryOf[postOp.binary](value, zeroOrValue(postOp.operand))
        : unaryOf[postOp.unary](value, postOp.alpha, postOp.beta),
    head,
  );
  return result === 0;
}

/** The value that an element has at compile time, or undefined if it is only known when the step runs. */
type Constant = number | undefined;

/** The functions with a finite derivative at 0. */
const hasSlopeAtZero: readonly Unary[] = ['relu', 'linear', 'exp', 'geluErf', 'geluTanh', 'swish'];

type UnaryRule = (x: Constant, alpha: number, beta: number) => Constant;
/** Returns a rule that applies a function to its operand if the operand is known. */
const ofKnown =
  (f: (x: number, alpha: number, beta: number) => number): UnaryRule =>
  (x, alpha, beta) =>
    x === undefined ? undefined : f(x, alpha, beta);
const onlyOfZero: UnaryRule = (x) => (x === 0 ? 0 : undefined);
const unaryOf: Readonly<Record<Unary, UnaryRule>> = {
  relu: ofKnown((x) => Math.max(x, 0)),
  sqrt: ofKnown(Math.sqrt),
  linear: ofKnown((x, alpha, beta) => alpha * x + beta),
  exp: ofKnown(Math.exp),
  pow: ofKnown((x, alpha, beta) => alpha * x ** beta),
  geluErf: onlyOfZero,
  geluTanh: onlyOfZero,
  swish: onlyOfZero,
};

type BinaryRule = (a: Constant, b: Constant) => Constant;
/** Returns a rule that applies a function to its operands if both are known. */
const ofBothKnown =
  (f: (a: number, b: number) => number): BinaryRule =>
  (a, b) =>
    a === undefined || b === undefined ? undefined : f(a, b);
const binaryOf: Readonly<Record<Binary, BinaryRule>> = {
  add: ofBothKnown((a, b) => a + b),
  sub: ofBothKnown((a, b) => a - b),
  // A factor that is not known is finite, because a step with infinite values has failed anyway.
  mul: (a, b) => (a === 0 || b === 0 ? 0 : ofBothKnown((x, y) => x * y)(a, b)),
  div: ofBothKnown((a, b) => a / b),
  max: ofBothKnown(Math.max),
  ge: ofBothKnown((a, b) => Number(a >= b)),
  gt: ofBothKnown((a, b) => Number(a > b)),
  eq: ofBothKnown((a, b) => Number(a === b)),
};
