/** What `bench` measures. */
import type { Precision } from '../engine/engine.ts';
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
  | ({ readonly kind: 'benchRun'; readonly title: string; readonly steps: number } & RunResult)
  | { readonly kind: 'benchOurs'; readonly batchSize: number; readonly rounds: readonly Side[] }
  | { readonly kind: 'benchPeers'; readonly command: string; readonly rounds: readonly Side[] }
  /** The ratio of our best variant in a precision to the peer's best, by round. */
  | { readonly kind: 'benchRatio'; readonly precision: Precision; readonly ratios: readonly number[] };

export type Measurements = AsyncGenerator<Measurement, void, void>;

export interface StepRow extends PairedResult {
  readonly batchSize: number;
  readonly imagesPerSecond: number;
  /** 1 means as fast as the engine's best matrix product. */
  readonly shareOfRoof: number;
}

/** The variants of one program with their rates in one round. */
export type Side = ReadonlyMap<string, { readonly precision: Precision; readonly imagesPerSecond: number }>;
