/**
 * Program → program: computes gradients of the filters of convolutions on small images from one image that contains all images side
 * by side, with columns of zeros between them.
 *
 *     before  df = convolution_backward_weights(x [N, C, H, W], dy [N, O, H, W])
 *     after   wide x = copy(x, zeros) [1, C, H, N · (W + P)];  wide dy = copy(dy, zeros) [1, O, H, N · (W + P)]
 *             df = convolution_backward_weights(wide x, wide dy)
 *
 * The gradient of a filter is a sum over all cells. oneDNN's kernels for AMX take 32 cells of a row at a time, so most of a tile is
 * empty if rows are short: for rows of 4 cells, they reach a fifth of their usual speed. With P columns of zeros between the images,
 * where P is the padding of the convolution, no filter reaches from one image into the next, and the columns add nothing to the sum.
 */
import type { Call, Slot, SlotType, Window } from '../../ops/primitives.ts';
import { sizes } from '../../ops/shapes.ts';
import { float32, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
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

/** CPUs with AMX. docs/log.md has the times from which the limits follow. */
const amx: SideBySideRule = { columns: 8, images: 16, channels: 16 };

const rules: Readonly<Partial<Record<string, SideBySideRule>>> = {
  avx512_core_amx: amx,
  avx512_core_amx_fp16: amx,
  avx10_1_512_amx: amx,
  avx10_1_512_amx_fp16: amx,
};

/** Returns the rule for convolutions in a 16-bit type on an instruction set, by oneDNN's name without the prefix. */
export function sideBySideRule(instructions: string): SideBySideRule {
  return rules[instructions];
}

/** Returns the pass for a rule. */
export function placeSideBySide(rule: SideBySideRule): ProgramPass {
  return (program) => {
    if (rule === undefined) return program;
    const zeros = new Zeros();
    const calls = program.calls.flatMap((call) => {
      const { src: x, diffDst: dy } = call.reads;
      const { window } = call.parameters;
      const isGradient = call.kind === 'convolution_backward_weights';
      return isGradient && x && dy && window && isWithin(rule, x, resultOf(call), window)
        ? sideBySide(call, { x, dy, window }, zeros)
        : [call];
    });
    const constants = new Map([...program.constants, ...zeros.constants]);
    return { ...program, constants, calls } satisfies Program;
  };
}

/** Whether the rule applies to a convolution. Its outputs must have the size of its inputs. */
function isWithin(
  rule: SideBySideLimits,
  x: Slot,
  filter: Slot,
  { strides, kernel, before, after }: Window,
): boolean {
  const [n, , , w] = sizes(x.dims);
  const keepsSize = [0, 1].every(
    (axis) =>
      strides[axis] === 1 && before[axis] === after[axis] && 2 * (before[axis] ?? 0) + 1 === kernel[axis],
  );
  // Filters of groups have an axis more.
  const isPlain = filter.dims.length === 4;
  const [o, i] = sizes(filter.dims);
  return keepsSize && isPlain && w <= rule.columns && n >= rule.images && Math.min(o, i) >= rule.channels;
}

function sideBySide(
  call: Call,
  { x, dy, window }: { readonly x: Slot; readonly dy: Slot; readonly window: Window },
  zeros: Zeros,
): readonly Call[] {
  const [, gap] = window.before;
  const [wideX, wideDy] = [wideOf(call, x, gap), wideOf(call, dy, gap)];
  return [
    widening(call, x, wideX, gap, zeros),
    widening(call, dy, wideDy, gap, zeros),
    { ...call, reads: { ...call.reads, src: wideX, diffDst: wideDy } },
  ];
}

/** Returns the slot for images side by side. */
function wideOf(call: Call, { name, dims, type }: Slot, gap: number): Slot {
  const [n, c, h, w] = sizes(dims);
  return { name: `${call.name}/${name} side by side`, dims: [1, c, h, n * (w + gap)], type };
}

/** Returns the copy of images and of zeros to a slot in the order [H, W, C]. */
function widening(call: Call, images: Slot, wide: Slot, gap: number, zeros: Zeros): Call {
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
  readonly constants: Map<Slot, Tensor> = new Map();
  readonly #slots = new Map<string, Slot>();

  slot(dims: Shape, type: SlotType): Slot {
    const name = `${type} zeros ${dims.join('×')}`;
    const known = this.#slots.get(name) ?? { name, dims, type };
    this.#slots.set(name, known);
    if (!this.constants.has(known)) this.constants.set(known, float32(dims, new Float32Array(sizeOf(dims))));
    return known;
  }
}
