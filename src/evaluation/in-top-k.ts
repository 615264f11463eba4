/** TensorFlow's in_top_k for k = 1, with its rules for ties and for numbers that are none (r0.11, in_topk_op.cc). */

/**
 * Does the network name the right class? Yes when no class scores strictly higher than the target, so ties count as
 * right; no when any logit of the row is infinite or not a number.
 *
 * @param logits [N, classes], row-major
 * @param row number of the example in the batch
 * @param target its class
 */
export function inTop1(logits: Float32Array, classes: number, row: number, target: number): boolean {
  const scores = logits.subarray(row * classes, (row + 1) * classes);
  const own = scores[target] ?? Number.NaN;
  return scores.every((score) => Number.isFinite(score) && score <= own);
}
