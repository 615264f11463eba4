/** Returns the probabilities of classes: e^logit, divided by the sum. The largest logit is subtracted, so that nothing overflows. */
export function softmax(logits: Float32Array): readonly number[] {
  const largest = Math.max(...logits);
  const powers = [...logits].map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
