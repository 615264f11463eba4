/** Returns the probabilities of classes [C] from their logits [C]: e^logit, divided by the sum. The largest logit is subtracted, so that
 * nothing overflows. */
export function softmax(logits: Iterable<number>): readonly number[] {
  const all = [...logits];
  const largest = Math.max(...all);
  const powers = all.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
