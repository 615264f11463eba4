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
