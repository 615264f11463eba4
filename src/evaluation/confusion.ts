/** Counts predictions by true class, and computes precision and recall per class. */
import type { Scored } from './evaluate.ts';

/** Returns the class with the highest score, or the first of several such classes. Returns undefined if a score is not
 * finite. */
export function predictedClass(logits: Float32Array): number | undefined {
  if (!logits.every(Number.isFinite)) return undefined;
  return logits.indexOf(Math.max(...logits));
}

/** The precision and the recall of a class. */
export interface ClassResult {
  readonly name: string;
  /** The number of examples of the class. */
  readonly examples: number;
  /** The number of examples that were predicted as this class. */
  readonly predicted: number;
  /** The number of examples of this class that were predicted as this class. */
  readonly correct: number;
  /** The fraction of the examples predicted as this class that belong to it, or NaN if none were predicted as this class. */
  readonly precision: number;
  /** The fraction of the examples of this class that were predicted as this class, or NaN if the class has no examples. */
  readonly recall: number;
  /** The harmonic mean of precision and recall, 2 · correct / (examples + predicted), or NaN if there are neither examples nor
   * predictions of the class. */
  readonly f1: number;
}

/** Counts how often each class was predicted for the examples of each class. */
export class ConfusionMatrix {
  readonly #classes: readonly string[];
  /** Counts by [label][predicted]. The last column counts the rows without a prediction. */
  readonly #counts: readonly number[][];

  constructor(classes: readonly string[]) {
    this.#classes = classes;
    this.#counts = classes.map(() => new Array<number>(classes.length + 1).fill(0));
  }

  /** Counts one example. If several classes have the highest score and the true class is one of them, the prediction counts as
   * correct, as in in_top_k. */
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
      const predicted = this.#counts.reduce((sum, other) => sum + (other[index] ?? 0), 0);
      const correct = row[index] ?? 0;
      return {
        ...{ name, examples, predicted, correct },
        ...{ precision: correct / predicted, recall: correct / examples },
        f1: (2 * correct) / (examples + predicted),
      };
    });
  }
}

/** The images of one class that were predicted as another class. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
  /** These images as a fraction of all images of the true class. */
  readonly share: number;
}

/** Returns the confusions with the most images, from a matrix by [label][predicted]. Of confusions with equally many images,
 * those of the first classes come first. */
export function mostFrequent(counts: readonly (readonly number[])[], most: number): readonly Confusion[] {
  const all = counts.flatMap((row, label) => {
    const examples = row.reduce((a, b) => a + b, 0);
    return row.flatMap((count, predicted) =>
      count > 0 && predicted !== label ? [{ label, predicted, count, share: count / examples }] : [],
    );
  });
  return all.sort((a, b) => b.count - a.count).slice(0, most);
}
