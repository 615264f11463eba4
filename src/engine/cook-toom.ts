/**
 * Short convolutions with few multiplications: S. Winograd, "Arithmetic Complexity of Computations", 1980, by the
 * construction of Toom and Cook. For convolutional networks: A. Lavin, S. Gray, "Fast Algorithms for Convolutional
 * Neural Networks", CVPR 2016.
 *
 * To compute m outputs of a filter with r taps, both operands are regarded as polynomials: evaluate them at n = m + r - 1
 * points (one of which is ∞), multiply the values, and interpolate. With G [n, r], B [n, n], A [m, n]:
 *
 *     y = A ((G g) ⊙ (B d)),   d: n inputs, g: r taps, y: m outputs
 */

/** A matrix as a list of rows. */
export type Matrix = readonly (readonly number[])[];

export interface CookToom {
  readonly A: Matrix;
  readonly B: Matrix;
  readonly G: Matrix;
}

/** The points are near 0 and ±1, so that their powers stay small and float32 loses little precision. */
const points = [0, 1, -1, 2, -2, 1 / 2, -1 / 2];

/** Returns the matrices for m outputs of r taps. m + r - 2 must not exceed 7, the number of points. */
export function cookToom(m: number, r: number): CookToom {
  const finite = points.slice(0, m + r - 2);
  const powers = (count: number, point: number) => Array.from({ length: count }, (_, k) => point ** k);
  const atInfinity = (count: number) => Array.from({ length: count }, (_, k) => (k === count - 1 ? 1 : 0));
  const others = (j: number) => finite.filter((_, l) => l !== j);
  return {
    A: transposed([...finite.map((point) => powers(m, point)), atInfinity(m)]),
    G: [
      ...finite.map((point, j) => {
        const scale = others(j).reduce((product, other) => product * (point - other), 1);
        return powers(r, point).map((power) => power / scale);
      }),
      atInfinity(r),
    ],
    B: [...finite.map((_, j) => [...polynomial(others(j)), 0]), polynomial(finite)],
  };
}

/** Returns the coefficients of Π (x - root), the lowest first. */
function polynomial(roots: readonly number[]): readonly number[] {
  let coefficients = [1];
  for (const root of roots) {
    const longer = coefficients.concat(0);
    coefficients = longer.map((coefficient, k) => (longer[k - 1] ?? 0) - root * coefficient);
  }
  return coefficients;
}

export function transposed(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0));
}

/** Returns the Kronecker product of a and b [p, q]. Its element (i, j) is a[⌊i / p⌋, ⌊j / q⌋] · b[i % p, j % q]. */
export function kronecker(a: Matrix, b: Matrix): Matrix {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}

/**
 * Returns the matrices A and B for a whole axis of `length` cells in tiles of m, padded as SAME does. The rows of B and the
 * columns of A are ordered by point first, then by tile.
 */
export function wholeAxis({ A, B }: CookToom, length: number): { readonly A: Matrix; readonly B: Matrix } {
  const m = A.length;
  const n = B.length;
  const before = (n - m) / 2;
  const tiles = length / m;
  const pointsAndTiles = Array.from(
    { length: n * tiles },
    (_, i) => [Math.floor(i / tiles), i % tiles] as const,
  );
  const cells = Array.from({ length }, (_, cell) => cell);
  return {
    B: pointsAndTiles.map(([point, tile]) => cells.map((cell) => B[point]?.[cell - tile * m + before] ?? 0)),
    A: cells.map((cell) => pointsAndTiles.map(([point, tile]) => A[cell - tile * m]?.[point] ?? 0)),
  };
}
