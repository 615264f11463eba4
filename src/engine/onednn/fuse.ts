/**
 * Program → program: fuses elementwise calls into the primitive that computes their operand. The primitive then applies them
 * to each element before writing it. oneDNN calls such functions post-ops.
 *
 *     bias       before  y = matmul(a, b);  z = add(y, bias)            after  z = matmul(a, b, bias)
 *     gradient   before  df = convolution_backward_weights(x, dy);      after  df, db = convolution_backward_weights(x, dy)
 *                        db = reduction(dy)
 *     chains     before  t = mul(a, b);  u = sqrt(t);  y = add(u, c)    after  y = mul(a, b) + sqrt + add c
 *
 * A call is fused with its reader only if it has no other reader.
 */
import { recordOf } from '../../ops/primitive-kinds.ts';
import type { Binary, Call, PostOp, Slot } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import {
  baseOf,
  fusedWith,
  type Program,
  type ProgramPass,
  readCounts,
  readsOf,
  resultOf,
  stepResults,
  writesOf,
} from './program.ts';

/** Goes through the calls in order and joins pairs: `maker` computes `joint`, and `reader` is the only call that reads it. If
 * `join` returns a call for a pair, that call, which has the name of `maker`, replaces the pair. */
function joinCalls(
  program: Program,
  join: (maker: Call, reader: Call, joint: Slot) => Call | undefined,
): Program {
  const counts = readCounts(program);
  const results = stepResults(program);
  const calls: Call[] = [];
  for (const reader of program.calls) {
    const joined = operandsOf(reader).flatMap((joint) => {
      const at = calls.findIndex((call) => writesOf(call).includes(joint));
      const maker = calls[at];
      if (maker === undefined || counts.get(joint) !== 1 || results.has(joint)) return [];
      const call = join(maker, reader, joint);
      return call === undefined ? [] : [{ at, call: fusedWith(call, [reader]) }];
    })[0];
    if (joined === undefined) {
      calls.push(reader);
      continue;
    }
    calls.splice(joined.at, 1);
    calls.push(joined.call);
  }
  return { ...program, calls };
}

function operandsOf({ kind, reads }: Call): readonly Slot[] {
  if (kind === 'eltwise_forward') return reads.src === undefined ? [] : [reads.src];
  return kind === 'binary' ? [reads.src, reads.src1].flatMap((slot) => slot ?? []) : [];
}

/** Turns the addition of a bias per channel into the bias argument of the matmul or convolution. */
export const fuseBias: ProgramPass = (program) =>
  joinCalls(program, (maker, reader, joint) => {
    const bias = reader.reads.src1;
    const fits = maker.kind === 'matmul' || maker.kind === 'convolution_forward';
    if (!fits || reader.parameters.binary !== 'add' || reader.reads.src !== joint || bias === undefined)
      return undefined;
    if (maker.reads.bias !== undefined || maker.postOps.length > 0 || !isBias(bias, joint)) return undefined;
    return { ...maker, reads: { ...maker.reads, bias }, writes: { dst: resultOf(reader) } };
  });

/** Whether the bias is [1, C, 1, 1] for [N, C, H, W], or [1, C] for [N, C]. */
function isBias(bias: Slot, { dims }: Slot): boolean {
  return bias.dims.join() === dims.map((size, axis) => (axis === 1 ? size : 1)).join();
}

/** The most post-ops of a fused call. oneDNN refuses more than 32 with "out of memory", and `asChain` adds one. The sum of the
 * losses of a deep network, for example, is a longer chain, and becomes several calls. */
const mostPostOps = 31;

/** Fuses unary functions, and binary functions whose other operand is full-size or a scalar, into the call that computes an
 * operand. */
export const fuseChains: ProgramPass = (program) => fuse(program, true);

/** Fuses unary functions into convolutions and products, and nothing else: for CPUs on which oneDNN only has reference code for
 * chains. */
export const fuseFunctions: ProgramPass = (program) => fuse(program, false);

function fuse(program: Program, chains: boolean): Program {
  return joinCalls(program, (maker, reader, joint) => {
    const accepts =
      reader.kind === 'binary' && maker.kind === 'eltwise_forward' ? 'chains' : recordOf(maker.kind).postOps;
    if (accepts === 'chains' && !chains) return undefined;
    const postOps = postOpsOf(reader, joint);
    if (accepts === 'none' || postOps === undefined || joint.base !== undefined) return undefined;
    if (accepts === 'functions' && postOps.some((postOp) => 'binary' in postOp)) return undefined;
    const head = maker.kind === 'eltwise_forward' ? asChain(maker) : maker;
    if (head.postOps.length + postOps.length > mostPostOps) return undefined;
    return { ...head, postOps: [...head.postOps, ...postOps], writes: { dst: resultOf(reader) } };
  });
}

/**
 * Rewrites a call so that a chain can start with it. oneDNN's binary post-ops are only fast after a binary call with two
 * operands of the same size, and scalar operands are only fast in post-ops.
 *
 *     before  eltwise f(x)     binary x · scalar
 *     after   max(x, x) + f    max(x, x) + mul scalar
 */
function asChain(call: Call): Call {
  const { src, src1 } = call.reads;
  const { unary, binary, alpha = 0, beta = 0 } = call.parameters;
  const first: readonly PostOp[] =
    unary !== undefined
      ? [{ unary, alpha, beta }]
      : binary !== undefined && src1 !== undefined
        ? [{ binary, operand: src1 }]
        : [];
  const reads = src === undefined ? {} : { src, src1: src };
  return {
    ...call,
    kind: 'binary',
    reads,
    parameters: { binary: 'max' },
    postOps: [...first, ...call.postOps],
  };
}

/** Applies `asChain` to binary calls whose second operand is a scalar. */
export const headChains: ProgramPass = (program) => ({
  ...program,
  calls: program.calls.map((call) => {
    const { src, src1 } = call.reads;
    if (call.kind !== 'binary' || src === undefined || src1 === undefined) return call;
    return sizeOf(src1.dims) === 1 && sizeOf(src.dims) > 1 ? asChain(call) : call;
  }),
});

const commutative: readonly (Binary | undefined)[] = ['add', 'mul', 'max', 'eq'];

/** Expresses the functions of a call as post-ops of the call that computes `joint`. Returns undefined if that is impossible. */
function postOpsOf(
  { reads: { src, src1 }, parameters, postOps }: Call,
  joint: Slot,
): readonly PostOp[] | undefined {
  const { unary, binary, alpha = 0, beta = 0 } = parameters;
  if (unary !== undefined) return [{ unary, alpha, beta }, ...postOps];
  if (binary === undefined || src === undefined || src1 === undefined || src === src1) return undefined;
  const operand = src === joint ? src1 : src;
  const whole = operand.dims.join() === joint.dims.join();
  if (src.dims.join() !== joint.dims.join() || !(whole || sizeOf(operand.dims) === 1)) return undefined;
  if (src === joint || commutative.includes(binary)) return [{ binary, operand }, ...postOps];
  // Here `joint` is the second operand, so a subtraction computes operand - joint.
  return binary === 'sub'
    ? [{ unary: 'linear', alpha: -1, beta: 0 }, { binary: 'add', operand }, ...postOps]
    : undefined;
}

/** Replaces the sum of dy over all axes except the channels: it becomes a second result of the filter gradient that reads the
 * same dy. This is not done if a call between the two calls reads the sum. */
export const fuseBiasGradient: ProgramPass = (program) => {
  const { calls } = program;
  const sums = new Map<Call, Call>();
  for (const [index, sum] of calls.entries()) {
    if (!isChannelSum(sum)) continue;
    const filter = calls.find((call, at) => {
      const fits = call.kind === 'convolution_backward_weights' && call.reads.diffDst === sum.reads.src;
      const needed = calls.slice(index, at).some((between) => readsBase(between, resultOf(sum)));
      return fits && !sums.has(call) && !needed;
    });
    if (filter !== undefined) sums.set(filter, sum);
  }
  const joined = new Set(sums.values());
  return {
    ...program,
    calls: calls.flatMap((call) => {
      if (joined.has(call)) return [];
      const sum = sums.get(call);
      if (sum === undefined) return [call];
      return [fusedWith({ ...call, writes: { ...call.writes, diffBias: resultOf(sum) } }, [sum])];
    }),
  };
};

/** Whether a call sums over all axes of [N, C, H, W] except the channels. */
export function isChannelSum({ kind, reads: { src }, writes, parameters }: Call): boolean {
  if (kind !== 'reduction' || parameters.reduction !== 'sum' || src?.dims.length !== 4) return false;
  return writes.dst?.dims.join() === [1, src.dims[1], 1, 1].join();
}

function readsBase(call: Call, slot: Slot): boolean {
  return readsOf(call).some((read) => baseOf(read) === slot);
}

/** Removes calls whose results are never read and that have no other effect, and pooling workspaces that no gradient reads. */
export const pruneCalls: ProgramPass = (program) => {
  const needed = new Set(stepResults(program));
  const calls = program.calls.toReversed().flatMap((call) => {
    const { hasEffect = false } = recordOf(call.kind);
    if (!hasEffect && !writesOf(call).some((slot) => needed.has(slot))) return [];
    for (const slot of readsOf(call)) needed.add(baseOf(slot));
    const { workspace, ...writes } = call.writes;
    return [workspace === undefined || needed.has(workspace) ? call : { ...call, writes }];
  });
  return { ...program, calls: calls.reverse() };
};
