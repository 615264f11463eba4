/** The predicted classes of a picture. */
export interface Prediction {
  /** The name of the class. */
  readonly label: string;
  /** The index of the class. */
  readonly index: number;
  /** 0 … 1. */
  readonly probability: number;
}

/** Returns the `count` most probable classes, the most probable first. Of equally probable classes, the first comes first, as in
 * an evaluation. */
export function mostProbable(
  probabilities: readonly number[],
  classes: readonly string[],
  count: number,
): readonly Prediction[] {
  return probabilities
    .map((probability, index) => ({ label: classes[index] ?? '', index, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, count);
}

/** Returns the logit of a class from its probability, up to a number that is the same for all classes of a picture. Probabilities that
 * were rounded to 0 count as the smallest number. */
export function logitOf(probability: number): number {
  return Math.log(Math.max(probability, Number.MIN_VALUE));
}

/** Returns the probabilities of the classes from their logits. */
export function softmax(logits: readonly number[]): readonly number[] {
  const largest = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - largest));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
}
