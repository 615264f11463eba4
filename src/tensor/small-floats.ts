/** Floating-point numbers of 8 and 16 bits, for which JavaScript has no typed arrays. */

export interface FloatFormat {
  /** The number of bits of the exponent, whose bias is 2^(bits − 1) − 1. */
  readonly exponent: number;
  readonly mantissa: number;
  /** What the largest exponent encodes: infinities and NaN as in IEEE 754, or finite numbers, with NaN only where all bits
   * of the mantissa are set. */
  readonly top: 'ieee' | 'finite';
}

export const floatFormats: Readonly<
  Record<'float16' | 'bfloat16' | 'float8e5m2' | 'float8e4m3', FloatFormat>
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
