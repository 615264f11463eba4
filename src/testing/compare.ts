/** Comparisons that several tests use. */
import assert from 'node:assert/strict';
import { numbersOfFloat16 } from '../tensor/float16.ts';
import type { DType, Shape } from '../tensor/tensor.ts';

interface Values {
  /** If it is float16, the data are bits. */
  readonly dtype?: DType;
  readonly shape: Shape;
  readonly data: ArrayLike<number | bigint>;
}

/** Returns ‖a − b‖ / ‖b‖, or ‖a‖ if b is zero. */
export function relativeDistance(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    const expected = Number(b[i]);
    difference += (Number(a[i]) - expected) ** 2;
    norm += expected ** 2;
  }
  return Math.sqrt(norm > 0 ? difference / norm : difference);
}

/** Asserts that the shapes are equal and ‖actual − expected‖ ≤ tolerance · ‖expected‖. */
export function assertClose(
  actual: Values | undefined,
  expected: Values,
  tolerance: number,
  what: string,
): void {
  assert.ok(actual, `${what} is missing`);
  assert.deepEqual(actual.shape, expected.shape, `shape of ${what}`);
  assert.equal(actual.data.length, expected.data.length, `length of ${what}`);
  const distance = relativeDistance(numbersOf(actual), numbersOf(expected));
  assert.ok(distance <= tolerance, `${what}: relative distance ${distance}, allowed ${tolerance}`);
}

function numbersOf({ dtype, data }: Values): ArrayLike<number | bigint> {
  return dtype === 'float16' ? numbersOfFloat16({ data: Uint16Array.from(data, Number) }) : data;
}
