/** Scores the held-out examples at the end of each epoch or at intervals, and keeps the best checkpoint. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';

type Variables = ReadonlyMap<string, Float32Tensor>;

export interface Validation {
  /** The number of updates between scores. Default: the end of each epoch is scored. The end of the run is always scored. */
  readonly every?: number | undefined;
  /** Computes the precision @ 1 of the moving averages among these variables. Returns undefined if scoring was stopped. */
  readonly score: (variables: Variables) => Promise<number | undefined>;
  /** The store of the best checkpoint, which has its own folder. */
  readonly best: CheckpointStore;
}

export interface ValidationReport {
  readonly kind: 'validation';
  readonly globalStep: number;
  readonly precision: number;
  /** Whether this is the best score so far. If it is, `path` is the path of its checkpoint. */
  readonly best: boolean;
  readonly path?: string;
  /** Whether an epoch ended with this update. The report of the epoch, which contains this one, follows. */
  readonly endsEpoch: boolean;
}

export class BestKeeper {
  readonly #validation: Validation;
  #best: number;

  private constructor(validation: Validation, best: number) {
    this.#validation = validation;
    this.#best = best;
  }

  /** Reads the best score of earlier processes from the best checkpoint of this run, if there is one. */
  static async open(validation: Validation): Promise<BestKeeper> {
    const kept = await validation.best.latest();
    return new BestKeeper(
      validation,
      kept?.checkpoint.metadata.validationPrecision ?? Number.NEGATIVE_INFINITY,
    );
  }

  /** Whether a score is due after `globalStep` updates.
   * @param maxSteps the total number of updates
   * @param endsEpoch whether an epoch ends with the last of these updates */
  isDue(globalStep: number, maxSteps: number, endsEpoch: boolean): boolean {
    const { every } = this.#validation;
    const isDue = every === undefined ? endsEpoch : globalStep % every === 0;
    return globalStep > 0 && (isDue || globalStep >= maxSteps);
  }

  /** Scores the variables, and saves them if their score is the best. Returns undefined if scoring was stopped.
   * @param metadata the metadata for the checkpoint, including the step of the variables
   * @param endsEpoch whether the report of an epoch follows */
  async score(
    tensors: Variables,
    metadata: CheckpointMetadata,
    endsEpoch: boolean,
  ): Promise<ValidationReport | undefined> {
    const precision = await this.#validation.score(tensors);
    if (precision === undefined) return undefined;
    const { globalStep } = metadata;
    const report = { kind: 'validation', globalStep, precision, endsEpoch } as const;
    if (precision <= this.#best) return { ...report, best: false };
    this.#best = precision;
    const checkpoint = { tensors, metadata: { ...metadata, validationPrecision: precision } };
    return { ...report, best: true, path: await this.#validation.best.save(checkpoint) };
  }
}
