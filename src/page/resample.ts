/**
 * Resizing along one axis with the integer arithmetic of libvips 8.18, which decodes pictures in Node.js, so that a page gets the
 * same bytes. Positions are multiples of 1/64 of a pixel, and weights are multiples of 1/4,096. The formulas are those of its files
 * resample/shrinkh.c, reduceh.cpp, templates.h and bicubic.cpp.
 */
import { roundedToEven } from '../tensor/small-floats.ts';

/** Values [outer, length, inner], which are resized along `length`. They are bytes, unless they were enlarged: then they can exceed 0 … 255. */
export interface Samples {
  readonly data: Uint8Array | Int16Array;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** The positions in a pixel, and the weight 1. */
const [positions, one] = [64, 4096];
/** A picture that is reduced by a larger factor is first averaged, so that Lanczos's filter still reduces by this factor. */
const gap = 2;
/** The zeros of Lanczos's filter on each side. */
const lobes = 3;

/** The pixels that make a pixel of the result, of which those outside of the picture are those at its border. */
interface Taps {
  readonly first: number;
  /** Multiples of 1/4,096. */
  readonly weights: readonly number[];
}

/** Reduces an axis with Lanczos's filter.
 * @param factor pixels of the axis per pixel of the result, at least 1 */
export function reduced(samples: Samples, factor: number): Samples {
  const length = Math.floor(samples.length / factor + 0.5);
  const box = Math.max(1, Math.floor(samples.length / length / gap));
  const scale = factor / box;
  const averages = averaged(samples, box);
  if (scale === 1) return averages;
  // The pixels that the result has too many, half of them at each end.
  const extra = (length * factor - samples.length) / box;
  const taps: Taps[] = [];
  const masks = new Map<number, readonly number[]>();
  const count = 2 * roundedToEven(lobes * scale) + 1;
  // The sum is rounded after each pixel, as in libvips.
  for (let at = 0.5 * scale - extra / 2; taps.length < length; at += scale) {
    const position = positionOf(at);
    const weights = masks.get(position) ?? lanczosWeights(count, scale, position / positions);
    masks.set(position, weights);
    taps.push({ first: Math.trunc(at) - Math.floor(count / 2), weights });
  }
  return { ...sizes(averages, taps), data: new Uint8Array(Uint8ClampedArray.from(weighted(averages, taps))) };
}

/** Enlarges an axis by the cubic convolution of Catmull and Rom. As in libvips, the picture is shifted by half a pixel of the result.
 * @param factor pixels of the axis per pixel of the result, at most 1 */
export function enlarged(samples: Samples, factor: number): Samples {
  const taps = Array.from({ length: Math.round(samples.length / factor) }, (_, index) => {
    const at = index * factor - 0.5;
    const first = Math.floor(at);
    return { first: first - 1, weights: cubicWeights(positionOf(at - first) / positions) };
  });
  return { ...sizes(samples, taps), data: weighted(samples, taps) };
}

/** Returns the means of `box` neighbors. The last ones repeat the last pixel. */
function averaged(samples: Samples, box: number): Samples {
  if (box === 1) return samples;
  const { data, outer, length: before, inner } = samples;
  const length = Math.ceil(before / box);
  const means = new Uint8Array(outer * length * inner);
  const reciprocal = Math.floor(2 ** 24 / box);
  let to = 0;
  for (let row = 0; row < outer; row++)
    for (let index = 0; index < length; index++)
      for (let channel = 0; channel < inner; channel++) {
        let sum = box >> 1;
        for (let tap = 0; tap < box; tap++) {
          const from = Math.min(before - 1, index * box + tap);
          sum += data[(row * before + from) * inner + channel] as number;
        }
        means[to++] = Math.floor((sum * reciprocal) / 2 ** 24);
      }
  return { data: means, outer, length, inner };
}

/** Returns the sums of the taps, rounded: [outer, taps, inner]. */
function weighted({ data, outer, length, inner }: Samples, taps: readonly Taps[]): Int16Array {
  const sums = new Int16Array(outer * taps.length * inner);
  let to = 0;
  for (let row = 0; row < outer; row++)
    for (const { first, weights } of taps)
      for (let channel = 0; channel < inner; channel++) {
        let sum = one / 2;
        for (let tap = 0; tap < weights.length; tap++) {
          const from = Math.max(0, Math.min(length - 1, first + tap));
          sum += (weights[tap] as number) * (data[(row * length + from) * inner + channel] as number);
        }
        sums[to++] = Math.floor(sum / one);
      }
  return sums;
}

function sizes({ outer, inner }: Samples, taps: readonly Taps[]): Omit<Samples, 'data'> {
  return { outer, length: taps.length, inner };
}

/** Returns the nearest multiple of 1/64 to the fraction of a position, as its numerator, 0 … 64. */
function positionOf(at: number): number {
  return ((Math.trunc(at * positions * 2) & (positions * 2 - 1)) + 1) >> 1;
}

/** Returns the weights of pixels at the distances … −1, 0, 1 … from a fraction of a pixel: sinc(x) · sinc(x / 3), which add up to 1 before
 * they are rounded toward 0. */
function lanczosWeights(count: number, scale: number, fraction: number): readonly number[] {
  const center = fraction + count / 2 - 1;
  const values = Array.from({ length: count }, (_, tap) => lanczos((tap - center) / scale));
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => Math.trunc((value / sum) * one));
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  const angle = Math.PI * x;
  return Math.abs(x) >= lobes ? 0 : (lobes * Math.sin(angle) * Math.sin(angle / lobes)) / angle ** 2;
}

/** Returns the weights of the pixels −1, 0, 1 and 2 for the position x between the pixels 0 and 1, rounded toward 0. */
function cubicWeights(x: number): readonly number[] {
  const values = [
    -0.5 * x ** 3 + x ** 2 - 0.5 * x,
    1.5 * x ** 3 - 2.5 * x ** 2 + 1,
    -1.5 * x ** 3 + 2 * x ** 2 + 0.5 * x,
    0.5 * x ** 3 - 0.5 * x ** 2,
  ];
  return values.map((value) => Math.trunc(value * one));
}
