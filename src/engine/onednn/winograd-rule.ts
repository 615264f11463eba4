/**
 * Decides which convolutions use Winograd's algorithm (`winograd.ts`). The decision depends only on the instruction set and on shapes,
 * so that every run on a machine has the same results.
 *
 * Measured with one thread of an AVX2 CPU (oneDNN 2.6), the forward pass and both gradients together, including all reorders, with
 * 128 or 256 images: docs/log.md has the numbers.
 */
import type { ConvolutionAttributes } from '../../graph/signature.ts';
import { convolutionWindow } from '../../ops/convolution.ts';
import { sizes } from '../../ops/shapes.ts';
import type { Shape } from '../../tensor/tensor.ts';

/** The outputs of a tile, in each direction. Smaller tiles save less, and larger ones lose more precision. */
export const tile = 4;

/** For each size of a filter, the convolutions for which the algorithm is faster. */
export type WinogradRule = Readonly<Partial<Record<number, WinogradLimits>>>;

interface WinogradLimits {
  /** The fewest input channels and output channels. */
  readonly channels: number;
  /** The most rows and columns of images. The matrices that are multiplied by whole rows grow with them. */
  readonly side: number;
  /** The fewest rows of the matrices that are multiplied: images times tiles across. */
  readonly rows: number;
}

/** The rule for CPUs on which convolutions are always direct. */
export const neverWinograd: WinogradRule = {};

const avx2: WinogradRule = {
  3: { channels: 32, side: 16, rows: 32 },
  5: { channels: 16, side: 24, rows: 32 },
};

/** The rules by the names that oneDNN gives to instruction sets. On others, the algorithm has not been measured to be faster. */
const rules: Readonly<Partial<Record<string, WinogradRule>>> = { avx2, avx2_vnni: avx2, avx2_vnni_2: avx2 };

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
  const { kernel, strides, before, after } = convolutionWindow(x, filter, attributes);
  const [k] = kernel;
  const limits = rule[k];
  if (limits === undefined || (attributes.groups ?? 1) > 1) return false;
  const fitsAxis = (axis: 0 | 1) => {
    const keeps = before[axis] === (k - 1) / 2 && after[axis] === (k - 1) / 2;
    return kernel[axis] === k && strides[axis] === 1 && keeps;
  };
  const whole = h % tile === 0 && w % tile === 0 && Math.max(h, w) <= limits.side;
  const enough = Math.min(i, o) >= limits.channels && (w / tile) * n >= limits.rows;
  return fitsAxis(0) && fitsAxis(1) && whole && enough;
}
