/** What determines the results of a run besides its recipe. */
import { requireNumber, requireOneOf } from '../arguments.ts';
import { type DatasetName, datasets } from '../data/dataset.ts';
import { type EngineName, engineNames, type Precision, precisions } from '../engine/offers.ts';

export interface RunOptions {
  readonly dataset?: DatasetName | undefined;
  readonly seed?: number | undefined;
  /** Fraction of the training examples to hold out; 0 for none. */
  readonly holdout?: number | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
}

export const runBounds = {
  seed: { kind: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
  holdout: { kind: 'number', minimum: 0, maximum: 0.9 },
} as const;

/** Checks each option.
 * @param where the name of the option in messages */
export const runChecks: { readonly [Name in keyof RunOptions]-?: (where: string, value: unknown) => void } = {
  dataset: (where, value) => requireOneOf(where, value, Object.keys(datasets)),
  seed: (where, value) => requireNumber(where, value, runBounds.seed),
  holdout: (where, value) => requireNumber(where, value, runBounds.holdout),
  engine: (where, value) => requireOneOf(where, value, ['auto', ...engineNames]),
  precision: (where, value) => requireOneOf(where, value, precisions),
};
