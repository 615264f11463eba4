/** Makes the run of a request with everything that computes it: its examples, the engine, the towers and the processes. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Examples } from '../data/examples.ts';
import type { ChosenEngine } from '../engine/engines.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { buildTrainingGraph, initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { makeRun } from '../training/training-run.ts';
import { factsOfDevice, factsOfEquipment, requireAlike } from './alike.ts';
import { fastestDevice } from './fastest-device.ts';
import { ownDevice } from './own-device.ts';
import { coresOf, ranksOf, together } from './ranks.ts';
import { type EngineEvent, slowWarning } from './slow-precision.ts';
import { engineChoiceOf, engineOf, type ResolvedRequest, towersOf } from './training-request.ts';

/** The examples of a run. */
export interface ExamplesOfRun {
  readonly examples: Examples;
  /** The held-out examples, if the data set has a split for them. */
  readonly validation?: Examples | undefined;
}

export interface EngineControl {
  /** The processes that train together. All of them call this. */
  readonly job: Job | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report?: (event: EngineEvent) => void;
}

/**
 * Creates the engine of a run. With `device: auto`, a new run is first tried on the devices of this machine.
 * @param stored the metadata of the checkpoint from which the run resumes
 * @param training the graph of a step with the whole batch
 * @throws RunError when the engine or the device cannot be used
 */
export async function engineOfRun(
  { definition, engine: wanted }: Pick<ResolvedRequest, 'definition' | 'engine'>,
  stored: CheckpointMetadata | undefined,
  training: TrainingGraph,
  { job, signal, report = () => undefined }: EngineControl,
): Promise<ChosenEngine> {
  const threads = await coresOf(job);
  const choice = await together(job, async () => engineChoiceOf(wanted, stored));
  const { device: named } = choice;
  await requireAlike(job, () => factsOfDevice(named));
  const { batchSize } = definition;
  const graphFor = (images: number) => {
    const timed =
      images === batchSize
        ? training
        : buildTrainingGraph({ ...graphRecipeOf(definition), batchSize: images });
    const { imageShape } = definition.network;
    const noise = () => noiseImages(imageShape);
    return { graph: timed.graph, variables: initialVariables(timed, definition.seed, undefined, noise) };
  };
  const trial = { ...choice, threads, batchSize: Math.ceil(batchSize / (job?.size ?? 1)), graphFor };
  const { device } =
    named === 'auto' ? await fastestDevice({ ...trial, signal, report }, job) : { device: named };
  const own = await ownDevice(device, job);
  const chosen = await together(job, async () => engineOf({ ...choice, device: own }, stored, threads));
  const message = await together(job, () => slowWarning(chosen, { ...trial, job }));
  if (message !== undefined) report({ kind: 'warning', message });
  return chosen;
}

/** Returns a few images of noise [N, C, H, W], for initial weights that depend on images. The engine is chosen before the data is
 * read, and images do not affect the time of a step. */
function noiseImages(shape: Shape): Float32Tensor {
  const stream = new RandomStream(0, 'test');
  const all = [8, ...shape];
  return float32(
    all,
    Float32Array.from({ length: sizeOf(all) }, () => stream.normal()),
  );
}

function graphRecipeOf({
  network,
  hyperparameters,
  groups = [],
  freeze = [],
}: ResolvedRequest['definition']) {
  return { network, hyperparameters, groups, freeze };
}

/**
 * @param chosen the engine of the run
 * @param stored the metadata of the checkpoint from which the run resumes
 * @param read reads the examples
 * @param job the processes that train together. All of them call this
 * @throws RunError when the examples cannot be used, there are more towers than images in a batch,
 * or the processes have different data or engines
 */
export async function equippedRun(
  { definition, engine: wanted }: Pick<ResolvedRequest, 'definition' | 'engine'>,
  { engine }: ChosenEngine,
  stored: CheckpointMetadata | undefined,
  read: () => Promise<ExamplesOfRun>,
  job: Job | undefined,
): Promise<TrainingRun> {
  const { examples, validation } = await together(job, read);
  const { batchSize } = definition;
  const towers = towersOf(wanted, engine, definition, stored, job?.size ?? 1);
  // A job of one process, as with `collective: mpi`, has nothing to exchange.
  const ranks = job === undefined || job.size === 1 ? undefined : await ranksOf(job, towers, batchSize);
  const made = await together(job, async () =>
    makeRun(definition, examples, engine, towers, ranks, validation),
  );
  await requireAlike(job, () => factsOfEquipment(made));
  return made;
}
