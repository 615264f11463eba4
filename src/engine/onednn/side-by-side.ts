/**
 * Program → program: computes gradients of the filters of 3×3 convolutions on small images from one image that contains all images
 * side by side, with a column of zeros after each.
 *
 *     before  df = convolution_backward_weights(x [N, C, H, W], dy [N, O, H, W])
 *     after   wide x = copy(x, zeros) [1, C, H, N · (W + 1)];  wide dy = copy(dy, zeros) [1, O, H, N · (W + 1)]
 *             df = convolution_backward_weights(wide x, wide dy)
 *
 * The gradient of a filter is a sum over all cells. oneDNN's kernels for AMX take 32 cells of a row at a time, so most of a tile is
 * empty if rows are short: for rows of 4 cells, they reach a fifth of their usual speed. With a column of zeros between the images, as
 * wide as the padding of the convolution, no filter reaches from one image into the next, and the columns add nothing to the sum.
 *
 * The copies exist only during the call: for 1,024 images [256, 8, 8] in bfloat16, each takes 38 MB. The zeros, which calls with equal
 * shapes share, are constants: 13 MB for these images.
 */
import type { Call, Slot, SlotType, Window } from '../../ops/primitives.ts';
import { keepsSize, sizes } from '../../ops/shapes.ts';
import { float32, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { PrecisionOf } from '../offers.ts';
import { amxSets } from './instruction-set.ts';
import { type Program, type ProgramPass, resultOf } from './program.ts';

/** Which gradients of filters are computed from images side by side: none without limits. */
export type SideBySideRule = SideBySideLimits | undefined;

interface SideBySideLimits {
  /** The most columns of an image. */
  readonly columns: number;
  /** The fewest images. */
  readonly images: number;
  /** The fewest input channels, and the fewest output channels. */
  readonly channels: number;
}

/** CPUs with AMX. The limits follow from the times in bench/RESULTS.md ("AVX-512 with AMX"), for 16 to 1,024 images and 2 and 8 threads. */
const amx: SideBySideRule = { columns: 8, images: 16, channels: 16 };

/** Returns the rule for convolutions in a precision on an instruction set, by oneDNN's name without the prefix. There is none for float16,
 * for which only few of these CPUs have AMX, and which has not been measured. */
export function sideBySideRule(precision: PrecisionOf<'onednn'>, instructions: string): SideBySideRule {
  return precision === 'bfloat16' && amxSets.some((name) => name === instructions) ? amx : undefined;
}

/** Returns the pass for a rule. */
export function imagesSideBySide(rule: SideBySideRule): ProgramPass {
  return (program) => {
    if (rule === undefined) return program;
    const zeros = new Zeros();
    const calls = program.calls.flatMap((call) => {
      const { src: x, diffDst: dy } = call.reads;
      const { window } = call.parameters;
      const isGradient = call.kind === 'convolution_backward_weights';
      return isGradient && x && dy && window && isWithin(rule, x, resultOf(call), window)
        ? sideBySide(call, { x, dy }, zeros)
        : [call];
    });
    const constants = new Map([...program.constants, ...zeros.constants]);
    return { ...program, constants, calls } satisfies Program;
  };
}

/** Whether the rule applies to a convolution. It must have 3×3 filters, and outputs of the size of its inputs. */
function isWithin(rule: SideBySideLimits, x: Slot, filter: Slot, window: Window): boolean {
  const [n, , , w] = sizes(x.dims);
  const isSquare = window.kernel.every((size) => size === 3);
  // Filters of groups have an axis more.
  const isPlain = filter.dims.length === 4;
  const [o, i] = sizes(filter.dims);
  const fits = w <= rule.columns && n >= rule.images && Math.min(o, i) >= rule.channels;
  return isSquare && keepsSize(window) && isPlain && fits;
}

/** The columns of zeros after each image: the padding of a 3×3 convolution. */
const gap = 1;

function sideBySide(
  call: Call,
  { x, dy }: { readonly x: Slot; readonly dy: Slot },
  zeros: Zeros,
): readonly Call[] {
  const [wideX, wideDy] = [wideOf(call, x), wideOf(call, dy)];
  return [
    widening(call, x, wideX, zeros),
    widening(call, dy, wideDy, zeros),
    { ...call, reads: { ...call.reads, src: wideX, diffDst: wideDy } },
  ];
}

/** Returns the slot [1, C, H, N · (W + 1)] for images [N, C, H, W] side by side. */
function wideOf(call: Call, { name, dims, type }: Slot): Slot {
  const [n, c, h, w] = sizes(dims);
  return { name: `${call.name}/${name} side by side`, dims: [1, c, h, n * (w + gap)], type };
}

/** Returns the copy of images [N, C, H, W] and of zeros to a slot [1, C, H, N · (W + 1)] in the order [N, H, W, C]. */
function widening(call: Call, images: Slot, wide: Slot, zeros: Zeros): Call {
  const [n, c, h, w] = sizes(images.dims);
  const row = n * (w + gap) * c;
  const strides: Shape = [(w + gap) * c, 1, row, c];
  const gaps: Shape = [n, c, h, gap];
  const { op } = call;
  return {
    ...{ op, name: wide.name, kind: 'copy', reads: {}, writes: { dst: wide }, postOps: [] },
    parameters: {
      channelsLast: true,
      pieces: [
        { source: images, to: { offset: 0, dims: images.dims, strides } },
        { source: zeros.slot(gaps, images.type), to: { offset: w * c, dims: gaps, strides } },
      ],
    },
  };
}

/** The constants of zeros. Equal ones are shared. */
class Zeros {
  readonly #slots = new Map<string, Slot>();

  slot(dims: Shape, type: SlotType): Slot {
    const name = `${type} zeros ${dims.join('×')}`;
    const slot = this.#slots.get(name) ?? { name, dims, type };
    this.#slots.set(name, slot);
    return slot;
  }

  get constants(): readonly (readonly [Slot, Tensor])[] {
    return [...this.#slots.values()].map((slot) => {
      return [slot, float32(slot.dims, new Float32Array(sizeOf(slot.dims)))];
    });
  }
}
