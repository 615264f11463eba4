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

/**
 * The finite points by their number. They are symmetric and near ±1, so that their powers stay small, and fractions of powers of two, so
 * that A and B are exact. Of the points on a grid of eighths, these had the smallest errors in float32, as root mean squares relative to
 * the outputs (64 input channels, normally distributed, two axes; the outputs and both gradients have similar errors):
 *
 *     m = 4, r = 3    0, ±5/8, ±3/2          8·10⁻⁷        (0, ±1, ±2, which are often used: 17·10⁻⁷)
 *     m = 4, r = 5    0, ±1, ±2, ±1/2       32·10⁻⁷
 *
 * B. Barabasz, A. Anderson, K. M. Soodhalter, D. Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep
 * Neural Networks", ACM TOMS 2020, explains how points affect the error.
 */
const pointsOf: ReadonlyMap<number, readonly number[]> = new Map([
  [5, [0, 5 / 8, -5 / 8, 3 / 2, -3 / 2]],
  [7, [0, 1, -1, 2, -2, 1 / 2, -1 / 2]],
]);

/** Returns the matrices for m outputs of r taps.
 * @throws RangeError unless m + r - 2 is 5 or 7 */
export function cookToom(m: number, r: number): CookToom {
  const finite = pointsOf.get(m + r - 2);
  if (finite === undefined) throw new RangeError(`found no points for ${m} outputs of ${r} taps`);
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

/** A linear map along an axis that consists of `blocks` blocks. Each block is multiplied by the matrix. */
export interface BlockMap {
  readonly matrix: Matrix;
  readonly blocks: number;
}

/** The maps of an axis, which is divided into blocks of `tiles` tiles each. */
export interface AxisMaps {
  readonly blocks: number;
  readonly tiles: number;
  readonly evaluateInput: BlockMap;
  readonly interpolate: BlockMap;
  readonly evaluateGradient: BlockMap;
  readonly inputGradient: BlockMap;
}

/** Divides an axis of `length` cells into blocks of at most `most` tiles, and returns its maps. */
export function axisMaps(small: CookToom, length: number, most: number): AxisMaps {
  const count = length / small.A.length;
  const tiles = Math.max(
    ...Array.from({ length: most }, (_, i) => i + 1).filter((size) => count % size === 0),
  );
  const blocks = count / tiles;
  const { A, B } = wholeAxis(small, length, tiles);
  return {
    ...{ blocks, tiles },
    evaluateInput: { matrix: B, blocks: 1 },
    interpolate: { matrix: A, blocks },
    evaluateGradient: { matrix: transposed(A), blocks },
    inputGradient: { matrix: transposed(B), blocks: 1 },
  };
}

/**
 * Returns the matrices for a whole axis of `length` cells in tiles of m, padded as SAME does. The rows of B and the columns of A are
 * ordered by block of `tilesPerBlock` tiles first, then by point, then by tile. The blocks of A do not overlap, so A is the matrix of
 * one block, and it is the same for all of them. B is the matrix of the whole axis.
 */
function wholeAxis(
  { A, B }: CookToom,
  length: number,
  tilesPerBlock: number,
): { readonly A: Matrix; readonly B: Matrix } {
  const m = A.length;
  const n = B.length;
  const before = (n - m) / 2;
  const pointsAndTiles = (first: number) =>
    Array.from(
      { length: n * tilesPerBlock },
      (_, i) => [Math.floor(i / tilesPerBlock), first + (i % tilesPerBlock)] as const,
    );
  const blocks = length / (m * tilesPerBlock);
  const all = Array.from({ length: blocks }, (_, block) => pointsAndTiles(block * tilesPerBlock)).flat();
  const cells = (count: number) => Array.from({ length: count }, (_, cell) => cell);
  return {
    B: all.map(([point, tile]) => cells(length).map((cell) => B[point]?.[cell - tile * m + before] ?? 0)),
    A: cells(m * tilesPerBlock).map((cell) =>
      pointsAndTiles(0).map(([point, tile]) => A[cell - tile * m]?.[point] ?? 0),
    ),
  };
}
