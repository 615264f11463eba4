/** Counts predictions by true class, and computes precision and recall per class. */
import type { Scored } from './evaluate.ts';

/** The class with the highest score, or the first of several with the same score. Undefined for a row with a
 * score that is not finite. */
export function predictedClass(logits: Float32Array): number | undefined {
  if (!logits.every(Number.isFinite)) return undefined;
  return logits.indexOf(Math.max(...logits));
}

/** softmax(logits), the predicted probabilities of the classes. */
export function probabilities(logits: Float32Array): readonly number[] {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

export interface ClassResult {
  readonly name: string;
  /** The number of examples of the class. */
  readonly examples: number;
  /** Of the examples that were predicted as this class, the fraction that belongs to it. NaN if none were predicted. */
  readonly precision: number;
  /** Of the examples of this class, the fraction that was predicted as it. NaN if the class has no examples. */
  readonly recall: number;
}

export class ConfusionMatrix {
  readonly #classes: readonly string[];
  /** Counts by [label][predicted]. The last column counts the rows without a prediction. */
  readonly #counts: readonly number[][];

  constructor(classes: readonly string[]) {
    this.#classes = classes;
    this.#counts = classes.map(() => new Array<number>(classes.length + 1).fill(0));
  }

  /** Counts one example. A tie that in_top_k counts as correct is counted as correct here too. */
  add({ label, logits, correct }: Pick<Scored, 'label' | 'logits' | 'correct'>): void {
    const predicted = correct ? label : (predictedClass(logits) ?? this.#classes.length);
    const row = this.#counts[label];
    if (row !== undefined) row[predicted] = (row[predicted] ?? 0) + 1;
  }

  /** The counts by [label][predicted], as a square matrix. */
  get counts(): readonly (readonly number[])[] {
    return this.#counts.map((row) => row.slice(0, this.#classes.length));
  }

  get byClass(): readonly ClassResult[] {
    return this.#classes.map((name, index) => {
      const row = this.#counts[index] ?? [];
      const examples = row.reduce((a, b) => a + b, 0);
      const named = this.#counts.reduce((sum, other) => sum + (other[index] ?? 0), 0);
      const right = row[index] ?? 0;
      return { name, examples, precision: right / named, recall: right / examples };
    });
  }
}

/** Images of one class that were predicted as another. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
  /** The fraction of the images of the true class. */
  readonly share: number;
}

/** The confusions with the most images, from a matrix by [label][predicted]. If several have equally many, those of the
 * first classes are returned. */
export function mostFrequent(counts: readonly (readonly number[])[], most: number): readonly Confusion[] {
  const all = counts.flatMap((row, label) => {
    const examples = row.reduce((a, b) => a + b, 0);
    return row.flatMap((count, predicted) =>
      count > 0 && predicted !== label ? [{ label, predicted, count, share: count / examples }] : [],
    );
  });
  return all.sort((a, b) => b.count - a.count).slice(0, most);
}
