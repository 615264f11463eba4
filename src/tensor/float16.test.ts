import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float16, largestFloat16, numbersOfFloat16, roundToFloat16, scalarLike } from './float16.ts';
import { bitsOf, floatFormats, floatOf } from './small-floats.ts';

const { float16: half, bfloat16 } = floatFormats;

/** Numbers with their bits, as numpy 2 converts them (`np.float64(x).astype(np.float16).view(np.uint16)`). */
const edges: readonly (readonly [number, number])[] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [1 / 3, 0x3555],
  // Ties go to the even neighbor.
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  [2049, 0x6800],
  [2051, 0x6802],
  // The carry of a rounded number reaches the exponent.
  [2 - 2 ** -11, 0x4000],
  [2 ** -14 - 2 ** -25, 0x0400],
  // Subnormal numbers.
  [2 ** -14, 0x0400],
  [2 ** -14 - 2 ** -24, 0x03ff],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [-(2 ** -25), 0x8000],
  [2 ** -25 + 2 ** -50, 0x0001],
  [3 * 2 ** -25, 0x0002],
  [5e-324, 0x0000],
  // The largest number, and what becomes infinity.
  [65504, 0x7bff],
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [-65520, 0xfc00],
  [1e300, 0x7c00],
  [Number.POSITIVE_INFINITY, 0x7c00],
  [Number.NEGATIVE_INFINITY, 0xfc00],
  [Number.NaN, 0x7e00],
];

test('edge cases of float16 have the bits that numpy gives them', () => {
  for (const [value, bits] of edges) assert.equal(bitsOf(value, half), bits, String(value));
});

test('every float16 and every bfloat16 keeps its bits when it is decoded and encoded again, except that NaN become one', () => {
  for (const format of [half, bfloat16]) {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = floatOf(bits, format);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(floatOf(bitsOf(value, format), format)));
      else assert.equal(bitsOf(value, format), bits);
    }
  }
});

test('a number between two neighbors becomes the nearer one, and in the middle the even one', () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [floatOf(bits, half), floatOf(bits + 1, half)];
    const middle = (low + high) / 2; // exact in float64
    assert.equal(bitsOf(middle, half), bits % 2 === 0 ? bits : bits + 1, String(middle));
    const step = (high - low) / 2 ** 20;
    assert.equal(bitsOf(middle - step, half), bits);
    assert.equal(bitsOf(middle + step, half), bits + 1);
    assert.equal(bitsOf(-middle + step, half), 0x8000 + bits);
  }
});

test('a float16 tensor holds the bits of rounded numbers', () => {
  const tensor = float16([2, 2], [1, 1 / 3, -1e6, 2 ** -24]);
  assert.deepEqual([...tensor.data], [0x3c00, 0x3555, 0xfc00, 1]);
  assert.deepEqual([...numbersOfFloat16(tensor)], [1, 0.333251953125, Number.NEGATIVE_INFINITY, 2 ** -24]);
  assert.equal(roundToFloat16(largestFloat16), largestFloat16);
  assert.throws(() => float16([3], [1]), new RangeError('shape [3] needs 3 values, found 1'));
  assert.deepEqual(scalarLike(tensor, 2), float16([], [2]));
});
