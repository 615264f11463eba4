/** What `bench` measures. */
import type { Precision } from '../engine/engine.ts';
import type { TestTimeAugmentation } from '../input/test-time.ts';
import type { MeanDeviation } from '../run/mean-deviation.ts';
import type { PairedResult } from './paired.ts';
import type { ProfileSums } from './profile.ts';
import type { RunResult } from './run.ts';
import type { MissingVariant } from './variants.ts';

export type Measurement =
  | { readonly kind: 'benchMachine'; readonly machine: string; readonly versions: string }
  | ({ readonly kind: 'benchMissing' } & MissingVariant)
  /** A variant failed, although it should work here. The other variants are measured. */
  | { readonly kind: 'failed'; readonly title: string; readonly why: string }
  | {
      readonly kind: 'benchProfile';
      readonly title: string;
      readonly batchSize: number;
      readonly sums: ProfileSums;
    }
  /** The rate of the variant's best matrix product. */
  | { readonly kind: 'benchRoof'; readonly title: string; readonly flopPerSecond: number }
  /** The steps of every variant at one batch size. */
  | { readonly kind: 'benchSteps'; readonly rows: readonly StepRow[] }
  /** Distorted images per second of one core. */
  | { readonly kind: 'benchInput'; readonly imagesPerSecond: number }
  | { readonly kind: 'benchEvaluation'; readonly title: string; readonly imagesPerSecond: number }
  /** A training process starts; it takes a while. */
  | { readonly kind: 'running'; readonly title: string }
  /** A step of a complete run. `millisLeft` estimates the rest of all runs without evaluations. */
  | {
      readonly kind: 'runProgress';
      readonly seed: number;
      readonly runs: number;
      readonly step: number;
      readonly steps: number;
      readonly millisLeft: number;
    }
  | ({ readonly kind: 'benchCompleteRun' } & CompleteRun)
  /** A warning of a complete run or of its evaluation. */
  | { readonly kind: 'warning'; readonly message: string }
  /** A complete run diverged. The others are measured. */
  | { readonly kind: 'failedRun'; readonly seed: number; readonly why: string }
  /** The statistics of the complete runs. `requested` is their number if none had failed or been stopped. */
  | {
      readonly kind: 'benchRuns';
      readonly runs: number;
      readonly requested: number;
      readonly precision: MeanDeviation;
      readonly ttaPrecision?: MeanDeviation;
      readonly seconds: MeanDeviation;
      readonly imagesPerSecond: MeanDeviation;
    }
  | ({ readonly kind: 'benchRun'; readonly title: string; readonly steps: number } & RunResult)
  | { readonly kind: 'benchOurs'; readonly batchSize: number; readonly rounds: readonly Side[] }
  | { readonly kind: 'benchPeers'; readonly command: string; readonly rounds: readonly Side[] }
  /** The ratio of our best variant in a precision to the peer's best, by round. */
  | { readonly kind: 'benchRatio'; readonly precision: Precision; readonly ratios: readonly number[] };

export type Measurements = AsyncGenerator<Measurement, void, void>;

/** A complete run with its score. */
export interface CompleteRun {
  readonly recipe: string;
  readonly seed: number;
  /** The number of updates. */
  readonly steps: number;
  /** The number of test images, and how many of them were classified correctly. */
  readonly total: number;
  readonly correct: number;
  readonly precision: number;
  /** With test-time augmentation: its kind, and the same numbers with it. */
  readonly tta?: TestTimeAugmentation | undefined;
  readonly ttaCorrect?: number | undefined;
  readonly ttaPrecision?: number | undefined;
  /** The time of the training steps (`complete-runs.ts`). */
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export interface StepRow extends PairedResult {
  readonly batchSize: number;
  readonly imagesPerSecond: number;
  /** 1 means as fast as the engine's best matrix product. */
  readonly shareOfRoof: number;
}

/** The variants of one program with their rates in one round. */
export type Side = ReadonlyMap<string, { readonly precision: Precision; readonly imagesPerSecond: number }>;
