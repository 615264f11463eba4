/** Makes the run of a request with everything that computes it: its examples, the engine, the towers and the processes. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Examples } from '../data/examples.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { makeRun } from '../training/training-run.ts';
import { factsOfEquipment, requireAlike } from './alike.ts';
import { coresOf, ranksOf, together } from './ranks.ts';
import { engineOf, type ResolvedRequest, towersOf } from './training-request.ts';

/** The examples of a run. */
export interface ExamplesOfRun {
  readonly examples: Examples;
  /** The held-out examples, if the data set has a split for them. */
  readonly validation?: Examples | undefined;
}

/**
 * @param stored the metadata of the checkpoint from which the run resumes
 * @param read reads the examples
 * @param job the processes that train together. All of them call this
 * @throws RunError when the engine or the examples cannot be used, there are more towers than images in a batch,
 * or the processes have different data or engines
 */
export async function equippedRun(
  { definition, engine: wanted }: Pick<ResolvedRequest, 'definition' | 'engine'>,
  stored: CheckpointMetadata | undefined,
  read: () => Promise<ExamplesOfRun>,
  job: Job | undefined,
): Promise<{ readonly made: TrainingRun; readonly engineReason: string | undefined }> {
  const cores = await coresOf(job);
  const { engine, reason, examples, validation } = await together(job, async () => ({
    ...engineOf(wanted, stored, cores),
    ...(await read()),
  }));
  const { batchSize } = definition;
  const towers = towersOf(wanted, engine, definition, stored, job?.size ?? 1);
  // A job of one process, as with `collective: mpi`, has nothing to exchange.
  const ranks = job === undefined || job.size === 1 ? undefined : await ranksOf(job, towers, batchSize);
  const made = await together(job, async () =>
    makeRun(definition, examples, engine, towers, ranks, validation),
  );
  await requireAlike(job, () => factsOfEquipment(made));
  return { made, engineReason: reason };
}
