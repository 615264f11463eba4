import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '../tensor/random.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

const at = (matrix: ArrayLike<number>, n: number, row: number, column: number) =>
  matrix[row * n + column] ?? 0;

/** Returns Bᵀ·B for a random matrix B with `rank` rows. */
function gram(seed: number, n: number, rank = n): Float64Array {
  const stream = new RandomStream(seed, 'test');
  const b = Float64Array.from({ length: rank * n }, () => stream.normal());
  return Float64Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += at(b, n, k, i) * at(b, n, k, j);
    return sum;
  });
}

for (const [title, matrix, n] of [
  ['a random matrix', gram(1, 12), 12],
  ['a matrix of lower rank', gram(2, 12, 5), 12],
  ['equal eigenvalues', Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2), 3],
  ['zeros', new Float64Array(9), 3],
  ['indefinite', Float64Array.of(1, 2, 2, -3), 2],
  ['very different scales', Float64Array.of(1e12, 1, 0, 1, 1, 1e-6, 0, 1e-6, 1e-12), 3],
  ['one entry', Float64Array.of(-4), 1],
] as const)
  test(`eigenvectors are orthonormal and satisfy A·v = λ·v: ${title}`, () => {
    const pairs = symmetricEigen(matrix, n);
    assert.equal(pairs.length, n);
    const scale = matrix.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 1e-300);
    for (const [index, { value, vector }] of pairs.entries()) {
      assert.ok(index === 0 || value <= (pairs[index - 1]?.value ?? 0));
      for (let row = 0; row < n; row++) {
        let sum = 0;
        for (let column = 0; column < n; column++) sum += at(matrix, n, row, column) * (vector[column] ?? 0);
        assert.ok(Math.abs(sum - value * (vector[row] ?? 0)) <= 1e-13 * scale, `row ${row} of ${index}`);
      }
      for (const [other, { vector: second }] of pairs.entries()) {
        const product = vector.reduce((sum, entry, i) => sum + entry * (second[i] ?? 0), 0);
        assert.ok(Math.abs(product - (index === other ? 1 : 0)) < 1e-13);
      }
      const largest = vector.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
      assert.ok(largest > 0, 'the entry with the largest magnitude is positive');
    }
  });

test('a matrix that is not finite is refused instead of looping', () => {
  assert.throws(() => symmetricEigen(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2), RangeError);
});
