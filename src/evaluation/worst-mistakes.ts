/** The mistakes of a network in which it was most confident. */
import { softmax } from '../tensor/softmax.ts';
import { predictedClass } from './confusion.ts';
import type { Scored } from './evaluate.ts';

/** An example that was scored, with its prediction. */
export interface Predicted {
  readonly example: number;
  readonly label: number;
  /** The predicted class, or undefined if a logit is not finite. */
  readonly predicted: number | undefined;
  /** The probability of the predicted class, 0 … 1, which is 0 without a prediction. */
  readonly probability: number;
  /** The probability of the true class, 0 … 1, which is 0 without a prediction. */
  readonly probabilityOfLabel: number;
}

/** Returns the prediction for an example. If several classes have the highest score and the true class is one of them, it is the
 * predicted one, as in in_top_k. */
export function predictionFor({ example, label, logits, correct }: Scored): Predicted {
  const predicted = correct ? label : predictedClass(logits);
  const shares = predicted === undefined ? [] : softmax(logits);
  return {
    ...{ example, label, predicted },
    probability: shares[predicted ?? -1] ?? 0,
    probabilityOfLabel: shares[label] ?? 0,
  };
}

export class WorstMistakes {
  readonly #most: number;
  #mistakes: readonly Predicted[] = [];

  /** @param most the maximum number of mistakes that are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes an example into account, unless its prediction is correct. */
  add(scored: Scored): void {
    if (scored.correct) return;
    const mistake = predictionFor(scored);
    const last = this.#mistakes[this.#most - 1];
    if (last !== undefined && last.probability >= mistake.probability) return;
    this.#mistakes = [...this.#mistakes, mistake]
      .sort((a, b) => b.probability - a.probability)
      .slice(0, this.#most);
  }

  /** The mistakes, the most confident ones first. Of equally confident ones, those that were added first come first. */
  get mistakes(): readonly Predicted[] {
    return this.#mistakes;
  }
}
