/** TensorFlow's in_top_k, with its rules for ties and non-finite values (r0.11, in_topk_op.cc). */

/**
 * Whether the network predicts the correct class. This is true if no class scores strictly higher than the target, so ties
 * count as correct. It is false if any logit of the row is not finite.
 *
 * @param logits [N, classes], row-major
 * @param row the index of the example in the batch
 * @param target the class of the example
 */
export function inTop1(logits: Float32Array, classes: number, row: number, target: number): boolean {
  return inTopK(logits.subarray(row * classes, (row + 1) * classes), target, 1);
}

/**
 * Whether the correct class is among the k classes with the highest scores. This is true if fewer than k classes score strictly
 * higher than the target, and false if any logit is not finite.
 *
 * @param logits [classes]
 * @param target the class of the example
 */
export function inTopK(logits: Float32Array, target: number, k: number): boolean {
  const own = logits[target] ?? Number.NaN;
  let higher = 0;
  for (const score of logits) {
    if (!Number.isFinite(score)) return false;
    if (score > own) higher++;
  }
  return Number.isFinite(own) && higher < k;
}
