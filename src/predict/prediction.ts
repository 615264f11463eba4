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

/** The smallest positive number of float32. Probabilities of exported files are float32, so smaller ones are 0. */
const leastProbability = 2 ** -149;

/** Returns the logit of a class from its probability, up to a number that is the same for all classes of a picture. A probability of 0
 * counts as 2^-149, so that one view cannot exclude a class on its own. */
export function logitOf(probability: number): number {
  return Math.log(Math.max(probability, leastProbability));
}
