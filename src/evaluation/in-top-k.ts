/** TensorFlow's in_top_k for k = 1, with its rules for ties and non-finite values (r0.11, in_topk_op.cc). */

/**
 * Whether the network predicts the correct class. This is true if no class scores strictly higher than the target, so ties
 * count as correct. It is false if any logit of the row is not finite.
 *
 * @param logits [N, classes], row-major
 * @param row the index of the example in the batch
 * @param target the class of the example
 */
export function inTop1(logits: Float32Array, classes: number, row: number, target: number): boolean {
  const scores = logits.subarray(row * classes, (row + 1) * classes);
  const own = scores[target] ?? Number.NaN;
  return scores.every((score) => Number.isFinite(score) && score <= own);
}
