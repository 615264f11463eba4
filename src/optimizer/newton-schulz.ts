/**
 * The Newton–Schulz iteration of Muon (K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
 * https://kellerjordan.github.io/posts/muon/), which makes the singular values of a matrix nearly equal:
 *
 *     X₀ = G / ‖G‖                              ‖G‖: the Frobenius norm, so that no singular value exceeds 1
 *     X  ← a·X + (b·A + c·A²)·X,  A = X·Xᵀ      a = 3.4445, b = −4.7750, c = 2.0315
 *
 * Each iteration applies the polynomial a·σ + b·σ³ + c·σ⁵ to every singular value σ and keeps the singular vectors. The
 * coefficients make small values grow fast, and do not converge to 1: after five iterations, values between 0.002 and 1 are
 * between 0.68 and 1.21. If G has more rows than columns, A = Xᵀ·X multiplies from the right, which is the same for less
 * work.
 *
 * The products have the precision of the run: in a 16-bit type they read rounded matrices. Everything else is float32.
 */
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';
import { scalar } from '../tensor/tensor.ts';

const [a, b, c] = [3.4445, -4.775, 2.0315];
/** The smallest norm by which a matrix is divided, as in PyTorch, so that zeros stay zeros. */
const smallestNorm = 1e-7;

/** Returns the orthogonalized matrix.
 * @param g [R, C]
 * @param iterations at least 1
 * @returns [R, C] */
export function orthogonalized(op: Apply, g: Value, iterations: number): Value {
  const [rows = 0, columns = 0] = g.shape;
  const isTall = rows > columns;
  const product = (left: Value, right: Value, transposeA = false, transposeB = false) =>
    op('MatMul', { a: left, b: right }, { transposeA, transposeB });
  let x = op('Div', { a: g, b: boundedNorm(op, g) });
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = product(x, x, isTall, !isTall);
    const polynomial = op('Add', { a: scaled(op, gram, b), b: scaled(op, product(gram, gram), c) });
    const change = isTall ? product(x, polynomial) : product(polynomial, x);
    x = op('Add', { a: scaled(op, x, a), b: change });
  }
  return x;
}

/** Returns the Frobenius norm √Σ x² as a scalar, or 1e-7 if it is smaller. */
export function boundedNorm(op: Apply, x: Value): Value {
  const norm = op('Sqrt', { x: scaled(op, op('L2Loss', { x }), 2) });
  return op('Maximum', { a: norm, b: constant(op, smallestNorm) });
}

function scaled(op: Apply, x: Value, factor: number): Value {
  return op('Mul', { a: x, b: constant(op, factor) });
}

function constant(op: Apply, value: number): Value {
  return op('Constant', {}, { value: scalar(value) });
}
