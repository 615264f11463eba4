/** Which class was taken for which, and what follows for each class. */
import type { Scored } from './evaluate.ts';

/** The class with the highest score; the first of them where several tie. A row that is not finite has none. */
export function predictedClass(logits: Float32Array): number | undefined {
  if (!logits.every(Number.isFinite)) return undefined;
  return logits.indexOf(Math.max(...logits));
}

/** softmax(logits), the probabilities that the network gives the classes. */
export function probabilities(logits: Float32Array): readonly number[] {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

export interface ClassResult {
  readonly name: string;
  /** Examples of the class. */
  readonly examples: number;
  /** Of the examples named so, the share that is of the class; NaN where none was named so. */
  readonly precision: number;
  /** Of the examples of the class, the share that was named so; NaN where there are none. */
  readonly recall: number;
}

export class ConfusionMatrix {
  readonly #classes: readonly string[];
  /** counts[label][predicted]; the last column counts rows without a prediction. */
  readonly #counts: readonly number[][];

  constructor(classes: readonly string[]) {
    this.#classes = classes;
    this.#counts = classes.map(() => new Array<number>(classes.length + 1).fill(0));
  }

  /** Counts one example. A tie that in_top_k counts as right is counted as right here too. */
  add({ label, logits, correct }: Pick<Scored, 'label' | 'logits' | 'correct'>): void {
    const predicted = correct ? label : (predictedClass(logits) ?? this.#classes.length);
    const row = this.#counts[label];
    if (row !== undefined) row[predicted] = (row[predicted] ?? 0) + 1;
  }

  /** [label][predicted], square. */
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
