/**
 * Decides which convolutions use Winograd's algorithm (`winograd.ts`). The decision depends only on the instruction set and on shapes,
 * so that every run on a machine has the same results.
 *
 * The limits follow from times of the forward pass and both gradients together, with all reorders: on AVX2 with oneDNN 2.6 and 3.2,
 * and on AVX-512 with AMX with oneDNN 3.2. docs/log.md has the numbers.
 *
 * The algorithm needs more memory than the direct convolution, because the transformed inputs, which are (8/4)² times as large as
 * the images for 5×5 filters and (6/4)² times for 3×3, are kept for the gradient of the filter. A step of airbench with 1,024 images
 * needs 2.1 instead of 1.4 GB, and one of the tutorial's network with 128 images 126 instead of 87 MB. The limits do not consider that:
 * with too little memory, use a smaller batch.
 */
import type { ConvolutionAttributes } from '../../graph/signature.ts';
import { convolutionWindow } from '../../ops/convolution.ts';
import { keepsSize, sizes } from '../../ops/shapes.ts';
import type { Shape } from '../../tensor/tensor.ts';
import { amxSets } from './instruction-set.ts';

/** The outputs of a tile, in each direction. Smaller tiles save less, and larger ones lose more precision. */
export const tile = 4;

/** For each size of a filter, the convolutions for which the algorithm is faster: those within one of the limits. */
export type WinogradRule = Readonly<Partial<Record<number, readonly WinogradLimits[]>>>;

interface WinogradLimits {
  /** The most rows and columns of images. The matrix that is multiplied by whole rows grows with them. */
  readonly side: number;
  /** The fewest input channels. */
  readonly inputs: number;
  /** The fewest output channels. */
  readonly outputs: number;
  /** The fewest images times tiles across. With fewer, the matrices that are multiplied have too few rows. */
  readonly rows: number;
}

/** The rule for CPUs on which convolutions are always direct. */
export const neverWinograd: WinogradRule = {};

const avx2: WinogradRule = {
  3: [
    { side: 8, inputs: 16, outputs: 16, rows: 32 },
    { side: 16, inputs: 32, outputs: 32, rows: 32 },
    { side: 32, inputs: 24, outputs: 64, rows: 32 },
  ],
  5: [{ side: 24, inputs: 16, outputs: 16, rows: 32 }],
};

/** CPUs with AMX, which does not speed up float32. Direct convolutions with fewer channels are faster there. */
const amx: WinogradRule = {
  3: [{ side: 16, inputs: 64, outputs: 64, rows: 32 }],
  5: [{ side: 12, inputs: 64, outputs: 64, rows: 32 }],
};

/** The rules by the names that oneDNN gives to instruction sets. On others, such as AVX-512 without AMX and AVX10.2, the present form of
 * the algorithm has not been measured. */
const rules: Readonly<Partial<Record<string, WinogradRule>>> = {
  avx2,
  avx2_vnni: avx2,
  avx2_vnni_2: avx2,
  ...Object.fromEntries(amxSets.map((name) => [name, amx])),
};

/** Returns the rule for an instruction set, by oneDNN's name without the prefix, such as `avx2`. */
export function winogradRule(instructions: string): WinogradRule {
  return rules[instructions] ?? neverWinograd;
}

/** Whether the rule chooses the algorithm for a convolution and its gradients. The algorithm needs square filters, a stride of 1,
 * padding that preserves rows and columns, and whole tiles. */
export function isWinograd(
  rule: WinogradRule,
  x: Shape,
  filter: Shape,
  attributes: ConvolutionAttributes,
): boolean {
  const [n, i, h, w] = sizes(x);
  const [o] = sizes(filter);
  const window = convolutionWindow(x, filter, attributes);
  const [k, columns] = window.kernel;
  const whole = h % tile === 0 && w % tile === 0 && (attributes.groups ?? 1) === 1;
  const isWithin = (limits: WinogradLimits) =>
    Math.max(h, w) <= limits.side &&
    i >= limits.inputs &&
    o >= limits.outputs &&
    (w / tile) * n >= limits.rows;
  return k === columns && keepsSize(window) && whole && (rule[k] ?? []).some(isWithin);
}
