/**
 * Tensors of float16, the 16-bit format of IEEE 754 (binary16): 1 bit of sign, 5 of exponent, 10 of mantissa. The largest number is
 * 65,504, the smallest normal one 2^-14 = 6.1e-5, the smallest one 2^-24 = 6.0e-8; rounding changes a normal number by at most
 * 2^-11 = 0.05% of it.
 */
import { bitsOf, floatFormats, floatOf } from './small-floats.ts';
import { type Float16Tensor, type Shape, scalar, sizeOf, type Tensor, type TensorType } from './tensor.ts';

const format = floatFormats.float16;

/** The largest finite float16. */
export const largestFloat16 = 65504;

/** Rounds a number to the nearest float16; ties go to the even one. */
export function roundToFloat16(value: number): number {
  return floatOf(bitsOf(value, format), format);
}

/** Makes a float16 tensor from numbers, each of which is rounded.
 * @throws RangeError when the number of values does not fit the shape */
export function float16(shape: Shape, values: ArrayLike<number>): Float16Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`shape [${shape.join(', ')}] needs ${sizeOf(shape)} values, found ${values.length}`);
  }
  return { dtype: 'float16', shape, data: Uint16Array.from(values, (value) => bitsOf(value, format)) };
}

/** Returns the numbers of a float16 tensor. float32 represents all of them exactly. */
export function numbersOfFloat16({ data }: Pick<Float16Tensor, 'data'>): Float32Array<ArrayBuffer> {
  return Float32Array.from(data, (bits) => floatOf(bits, format));
}

/** Returns a scalar of type float16 if the other tensor has that type, otherwise of type float32. */
export function scalarLike({ dtype }: TensorType, value: number): Tensor {
  return dtype === 'float16' ? float16([], [value]) : scalar(value);
}
