/** Scores the held-out examples at the end of each epoch or at intervals, and keeps the best checkpoint. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';

/** How and how often `trainSteps` scores the held-out examples. */
export interface Validation {
  /** The number of updates between scores. Default: the end of each epoch is scored. The end of the run is always scored. */
  readonly every?: number | undefined;
  /** Computes the precision @ 1 of the moving averages among these variables. Returns undefined if scoring was stopped. */
  readonly score: (variables: ReadonlyMap<string, Float32Tensor>) => Promise<number | undefined>;
  /** The store of the best checkpoint, which has its own folder. Only the first of several processes needs one. */
  readonly best?: CheckpointStore | undefined;
}

/** The score of the held-out examples. */
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

/** Says after which updates the held-out examples are scored. It depends only on values that all processes of a job share. */
export class ValidationSchedule {
  readonly #every: number | undefined;
  readonly #maxSteps: number;
  readonly #resumed: CheckpointMetadata | undefined;

  /** @param maxSteps the total number of updates
   * @param resumed the checkpoint from which the run resumes */
  constructor(
    { every }: Pick<Validation, 'every'>,
    maxSteps: number,
    resumed: CheckpointMetadata | undefined,
  ) {
    this.#every = every;
    this.#maxSteps = maxSteps;
    this.#resumed = resumed;
  }

  /** Whether a score is due after `globalStep` updates. A score that is due is also computed right after a resume, because a stop
   * may have interrupted it, and repeating it gives the same score. It is skipped if it is already known.
   * @param endsEpoch whether an epoch ends with the last of these updates
   * @param isStopping whether a stop was requested */
  isDue(globalStep: number, endsEpoch: boolean, isStopping: boolean): boolean {
    const isEnd = globalStep >= this.#maxSteps;
    const isDue = this.#every === undefined ? endsEpoch : globalStep % this.#every === 0;
    if (globalStep === 0 || !(isDue || isEnd)) return false;
    if (globalStep !== this.#resumed?.globalStep) return true;
    return !isStopping && !(isEnd && isScored(this.#resumed));
  }
}

/** Whether a checkpoint contains the score of its variables. */
export function isScored(metadata: CheckpointMetadata | undefined): boolean {
  return (metadata?.validationPrecision ?? null) !== null;
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
    const kept = await validation.best?.latest();
    return new BestKeeper(
      validation,
      kept?.checkpoint.metadata.validationPrecision ?? Number.NEGATIVE_INFINITY,
    );
  }

  /** Scores the variables, and saves them if their score is the best. Returns undefined if scoring was stopped.
   * @param metadata the metadata for the checkpoint, including the step of the variables
   * @param endsEpoch whether the report of an epoch follows */
  async score(
    tensors: ReadonlyMap<string, Float32Tensor>,
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
    const path = await this.#validation.best?.save(checkpoint);
    return { ...report, best: true, ...(path !== undefined && { path }) };
  }
}
