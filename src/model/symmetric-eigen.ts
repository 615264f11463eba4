/**
 * Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's method of rotations with cyclic sweeps (C. G. J. Jacobi, 1846;
 * G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th edition, section 8.5). It only adds, multiplies, divides and takes square
 * roots, so every machine computes the same bits.
 */

/** An eigenvalue with its eigenvector of length 1. */
export interface EigenPair {
  readonly value: number;
  readonly vector: Float64Array;
}

/** The number of sweeps after which the method stops. A matrix of a dozen rows needs about seven. */
const mostSweeps = 50;

/** Returns the eigenvalues in descending order, with their vectors. The entry of a vector with the largest magnitude is positive.
 * @param matrix the n × n entries of a symmetric matrix, in row-major order
 * @throws RangeError when an entry is not finite */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): readonly EigenPair[] {
  const a = Float64Array.from(matrix);
  if (a.some((entry) => !Number.isFinite(entry)))
    throw new RangeError('eigenvalues: the matrix has an entry that is not a finite number');
  const vectors = identity(n);
  for (let sweep = 0; sweep < mostSweeps && !isDiagonal(a, n); sweep++)
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  return Array.from({ length: n }, (_, column) => ({
    value: entryOf(a, n, column, column),
    vector: withPositiveLargest(
      Float64Array.from({ length: n }, (_, row) => entryOf(vectors, n, row, column)),
    ),
  })).sort((one, other) => other.value - one.value);
}

/** Rotates rows and columns p and q so that their common entry becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const common = entryOf(a, n, p, q);
  if (common === 0) return;
  const ratio = (entryOf(a, n, q, q) - entryOf(a, n, p, p)) / (2 * common);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, cosine, sine);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, cosine, sine);
  for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q, cosine, sine);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
}

function turn(values: Float64Array, at: number, other: number, cosine: number, sine: number): void {
  const [x, y] = [values[at] as number, values[other] as number];
  values[at] = cosine * x - sine * y;
  values[other] = sine * x + cosine * y;
}

/** Whether the entries beside the diagonal are negligible. */
function isDiagonal(a: Float64Array, n: number): boolean {
  let [beside, on] = [0, 0];
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const square = entryOf(a, n, row, column) ** 2;
      if (row === column) on += square;
      else beside += square;
    }
  return beside <= on * Number.EPSILON ** 2;
}

function withPositiveLargest(vector: Float64Array): Float64Array {
  const largest = vector.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
  return largest < 0 ? vector.map((entry) => -entry) : vector;
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0));
}

function entryOf(a: Float64Array, n: number, row: number, column: number): number {
  return a[row * n + column] as number;
}
