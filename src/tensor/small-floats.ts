/** Floating-point numbers of 8 and 16 bits, for which JavaScript has no typed arrays. */

export interface FloatFormat {
  /** The number of bits of the exponent, whose bias is 2^(bits − 1) − 1. */
  readonly exponent: number;
  readonly mantissa: number;
  /** What the largest exponent encodes: infinities and NaN as in IEEE 754, or finite numbers, with NaN only where all bits
   * of the mantissa are set. */
  readonly top: 'ieee' | 'finite';
}

/** A format with infinities. */
export interface IeeeFormat extends FloatFormat {
  readonly top: 'ieee';
}

export const floatFormats: Readonly<
  Record<'float16' | 'bfloat16' | 'float8e5m2', IeeeFormat> & Record<'float8e4m3', FloatFormat>
> = {
  float16: { exponent: 5, mantissa: 10, top: 'ieee' },
  bfloat16: { exponent: 8, mantissa: 7, top: 'ieee' },
  float8e5m2: { exponent: 5, mantissa: 2, top: 'ieee' },
  float8e4m3: { exponent: 4, mantissa: 3, top: 'finite' },
};

/** Decodes a number. Bits above those of the format are ignored. */
export function floatOf(bits: number, { exponent, mantissa, top }: FloatFormat): number {
  const largest = 2 ** exponent - 1;
  const sign = (bits >>> (exponent + mantissa)) & 1 ? -1 : 1;
  const power = (bits >>> mantissa) & largest;
  const fraction = bits & (2 ** mantissa - 1);
  const bias = 2 ** (exponent - 1) - 1;
  if (power === largest) {
    if (top === 'ieee') return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (fraction === 2 ** mantissa - 1) return Number.NaN;
  }
  if (power === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * (1 + fraction / 2 ** mantissa) * 2 ** (power - bias);
}

/**
 * Encodes a number: the nearest number of the format, and of two equally near ones the one with an even mantissa (IEEE 754,
 * roundTiesToEven). Numbers beyond the largest one become infinity if they are at least half a step away from it. NaN becomes the
 * positive quiet NaN.
 */
export function bitsOf(value: number, { exponent, mantissa }: IeeeFormat): number {
  const infinity = (2 ** exponent - 1) * 2 ** mantissa;
  if (Number.isNaN(value)) return infinity + 2 ** (mantissa - 1);
  const sign = value < 0 || Object.is(value, -0) ? 2 ** (exponent + mantissa) : 0;
  const magnitude = Math.abs(value);
  const bias = 2 ** (exponent - 1) - 1;
  if (magnitude >= 2 ** (bias + 1)) return sign + infinity;
  const power = Math.max(powerOf(magnitude), 1 - bias);
  // The number of steps is exact, because a division by a power of two only changes the exponent of a float64.
  const steps = roundedToEven(magnitude / 2 ** (power - mantissa));
  // A subnormal number has fewer than 2^mantissa steps. A number that is rounded up to a power of two carries into the exponent.
  return sign + (power + bias - 1) * 2 ** mantissa + steps;
}

/** Returns the exponent of the largest power of two that is not above the number. */
function powerOf(magnitude: number): number {
  const near = Math.floor(Math.log2(magnitude)); // may be off by 1 for numbers next to a power of two
  if (2 ** near > magnitude) return near - 1;
  return 2 ** (near + 1) <= magnitude ? near + 1 : near;
}

/** Rounds to the nearest integer, and halves to the even one. */
export function roundedToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below + (below % 2);
  return rest < 0.5 ? below : below + 1;
}
