/**
 * Program → program: batch normalization also computes the ReLU that follows it. In training, it writes a workspace with one
 * bit per element that says whether the result is above 0, and the gradient reads this workspace instead of the result.
 *
 *     before  y, mean, variance = batch_normalization_forward(x);  z = relu(y)
 *             dy = mul(gt(z, 0), dz);  dx = batch_normalization_backward(x, dy, mean, variance)
 *     after   z, mean, variance, workspace = batch_normalization_forward(x) with ReLU
 *             dx = batch_normalization_backward(x, dz, mean, variance, workspace) with ReLU
 *
 * This applies only if nothing else reads y and dy. Normalization with given statistics has no gradient of this form,
 * and needs no workspace.
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import {
  baseOf,
  fusedWith,
  type Program,
  type ProgramPass,
  readCounts,
  stepResults,
  writesOf,
} from './program.ts';

export const fuseNormRelu: ProgramPass = (program) => {
  const found = program.calls.flatMap((forward) => fusionOf(forward, program));
  const dropped = new Set(found.flatMap(({ dropped }) => dropped));
  const replaced = new Map(found.flatMap(({ replaced }) => replaced));
  return {
    ...program,
    calls: program.calls.filter((call) => !dropped.has(call)).map((call) => replaced.get(call) ?? call),
  };
};

interface Fusion {
  readonly dropped: readonly Call[];
  readonly replaced: readonly (readonly [Call, Call])[];
}

function fusionOf(forward: Call, program: Program): readonly Fusion[] {
  if (forward.kind !== 'batch_normalization_forward') return [];
  const relu = onlyReader(forward.writes.dst, program);
  const z = relu?.writes.dst;
  if (relu?.parameters.unary !== 'relu' || z === undefined) return [];
  const parameters = { ...forward.parameters, relu: true } as const;
  const { mean, variance } = forward.writes;
  const dropped = [relu];
  if (mean === undefined || variance === undefined) {
    return [
      { dropped, replaced: [[forward, fusedWith({ ...forward, parameters, writes: { dst: z } }, dropped)]] },
    ];
  }
  const workspace: Slot = { name: `${forward.name}/workspace`, dims: [1], type: 'int32' };
  const writes = { dst: z, mean, variance, workspace };
  const gradient = gradientOf(forward, z, program);
  if (gradient === undefined) return [];
  const { backward, mask, product, dz } = gradient;
  const reads = { ...backward.reads, diffDst: dz, workspace };
  return [
    {
      dropped: [...dropped, mask, product],
      replaced: [
        [forward, fusedWith({ ...forward, parameters, writes }, dropped)],
        [
          backward,
          fusedWith({ ...backward, reads, parameters: { ...backward.parameters, relu: true } }, [
            mask,
            product,
          ]),
        ],
      ],
    },
  ];
}

/** Finds the gradient of a normalization through its ReLU: the calls that mask dz, and the call that reads the masked dz.
 * Returns undefined if there are no such calls, or if other calls read their results. */
function gradientOf(forward: Call, z: Slot, program: Program) {
  const backward = program.calls.find(({ kind, reads }) => {
    return kind === 'batch_normalization_backward' && reads.mean === forward.writes.mean;
  });
  const product = makerOf(backward?.reads.diffDst, program);
  const mask = makerOf(product?.reads.src, program);
  const dz = product?.reads.src1;
  if (backward === undefined || product === undefined || mask === undefined || dz === undefined)
    return undefined;
  const isMasked =
    product.parameters.binary === 'mul' && mask.parameters.binary === 'gt' && mask.reads.src === z;
  const isAlone =
    onlyReader(product.writes.dst, program) === backward && onlyReader(mask.writes.dst, program) === product;
  return isMasked && isAlone && isZero(mask.reads.src1, program)
    ? { backward, mask, product, dz }
    : undefined;
}

function isZero(slot: Slot | undefined, { constants }: Program): boolean {
  const value = slot && constants.get(baseOf(slot));
  return value !== undefined && [...value.data].every((element) => Number(element) === 0);
}

function makerOf(slot: Slot | undefined, { calls }: Program): Call | undefined {
  return slot && calls.find((call) => writesOf(call).includes(slot));
}

/** Returns the call that reads a slot, or undefined if several calls read it or the slot is a result of the step. A call that
 * reads the slot through an alias is not returned. */
function onlyReader(slot: Slot | undefined, program: Program): Call | undefined {
  if (slot === undefined || stepResults(program).has(slot) || readCounts(program).get(slot) !== 1)
    return undefined;
  return program.calls.find(({ reads }) => Object.values(reads).includes(slot));
}
