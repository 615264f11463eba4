/**
 * Training, from top to bottom: batches, graph, session, variables (fresh or restored), then the loop. An async
 * generator of what happened: the command line prints it, tests count it; nothing here prints.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { examplesIn } from '../data/dataset.ts';
import type { Session } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Batch } from '../input/batch.ts';
import { prefetchBatches } from '../input/prefetch.ts';
import { type Float32Tensor, float32Data, scalar, type Tensor } from '../tensor/tensor.ts';
import { bitChanges, metadataOf, requireSameRun, type TrainingRun, type Versions } from './run.ts';
import { decaySteps, learningRate, movingAverageDecay } from './schedule.ts';
import { buildTrainingGraph, initialVariables, type TrainingGraph } from './training-graph.ts';

export interface TrainOptions {
  readonly run: TrainingRun;
  readonly store: CheckpointStore;
  /** The newest checkpoint of this run, to go on from. */
  readonly resume?: { readonly path: string; readonly checkpoint: Checkpoint };
  /** Updates in all, those before a resume included. */
  readonly maxSteps: number;
  /** Updates between checkpoints. One is written before the first update and one at the end as well. */
  readonly checkpointSteps: number;
  readonly versions: Versions;
  /** When it is aborted, training saves and ends after the step at hand. */
  readonly signal?: AbortSignal;
}

export type TrainEvent =
  /** The graph is compiled and the variables are set. `changes` says what ends equality to the bit on a resume. */
  | { readonly kind: 'ready'; readonly globalStep: number; readonly changes: readonly string[] }
  | StepReport
  | { readonly kind: 'checkpoint'; readonly globalStep: number; readonly path: string }
  | {
      readonly kind: 'end';
      readonly globalStep: number;
      readonly stopped: boolean;
      readonly waitedMillis: number;
    };

/** Update number `step`, counted from 0. */
export interface StepReport {
  readonly kind: 'step';
  readonly step: number;
  /** Of the batch just trained on, before the update. */
  readonly totalLoss: number;
  /** Every term of the loss and `total_loss`, by name. */
  readonly losses: ReadonlyMap<string, number>;
  readonly learningRate: number;
}

/** @throws RunError when the loss is no longer finite, or the checkpoint belongs to another run. */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { run, store, resume, maxSteps, checkpointSteps, signal } = options;
  const metadata = metadataOf(run, resume?.checkpoint.metadata.globalStep ?? 0, options.versions);
  if (resume !== undefined) requireSameRun(resume.path, resume.checkpoint.metadata, metadata);
  let { globalStep } = metadata;

  const batches = prefetchBatches(run.examples, {
    seed: run.seed,
    batchSize: run.batchSize,
    firstStep: globalStep,
  });
  let session: Session | undefined;
  try {
    const training = buildTrainingGraph(run.network, run.batchSize, run.hyperparameters.weightDecay);
    session = await run.engine.compile(training.graph);
    await session.write(resume?.checkpoint.tensors ?? initialVariables(training, run.seed));
    const changes = resume === undefined ? [] : bitChanges(resume.checkpoint.metadata, metadata);
    yield { kind: 'ready', globalStep, changes };

    let saved = resume === undefined ? -1 : globalStep;
    for (;;) {
      const last = globalStep >= maxSteps || signal?.aborted === true;
      if ((last || globalStep % checkpointSteps === 0) && saved !== globalStep) {
        const tensors = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
        const path = await store.save({ tensors, metadata: { ...metadata, globalStep } });
        saved = globalStep;
        yield { kind: 'checkpoint', globalStep, path };
      }
      if (last) break;
      const batch = await batches.next();
      const report = await trainStep(run, training, session, batch);
      requireFinite(report, run, batch, saved);
      batches.recycle(batch);
      globalStep++;
      yield report;
    }
    yield { kind: 'end', globalStep, stopped: globalStep < maxSteps, waitedMillis: batches.waitedMillis };
  } finally {
    await Promise.all([batches.close(), session?.release()]);
  }
}

async function trainStep(
  { examples, batchSize, network, hyperparameters }: TrainingRun,
  { lossNames }: TrainingGraph,
  session: Session,
  { step, images, labels }: Batch,
): Promise<StepReport> {
  const stepsPerDecay = decaySteps(examplesIn(examples.dataset, 'train'), batchSize, hyperparameters);
  const rate = learningRate(step, stepsPerDecay, hyperparameters);
  const feeds = new Map<string, Tensor>([
    ['images', { dtype: 'float32', shape: [batchSize, ...network.imageShape], data: images }],
    ['labels', { dtype: 'int32', shape: [batchSize], data: labels }],
    ['learning_rate', scalar(rate)],
    ['moving_average_decay', scalar(movingAverageDecay(step + 1, hyperparameters))],
  ]);
  const outputs = await session.step(feeds);
  const losses = new Map(lossNames.map((name) => [name, scalarOf(outputs.get(name))]));
  return {
    kind: 'step',
    step,
    losses,
    totalLoss: losses.get('total_loss') ?? Number.NaN,
    learningRate: rate,
  };
}

function scalarOf(tensor: Tensor | undefined): number {
  return (tensor && float32Data(tensor)[0]) ?? Number.NaN;
}

/** Stops a run that has diverged, before anything of it is saved.
 * @throws RunError with the step, the terms of the loss, some examples of the batch and the last good checkpoint. */
function requireFinite(
  { step, totalLoss, losses }: StepReport,
  run: TrainingRun,
  batch: Batch,
  saved: number,
): void {
  if (Number.isFinite(totalLoss)) return;
  const terms = [...losses].map(([name, value]) => `${name} ${value}`).join(', ');
  const keys = Array.from(batch.examples.subarray(0, 3), (example) => run.examples.keyOf(example)).join(', ');
  throw new RunError(
    `Model diverged with loss = ${totalLoss} at step ${step} (${terms}; the batch starts with ${keys}). ` +
      `Nothing of it was saved: the last good checkpoint is model.ckpt-${saved}.safetensors.`,
  );
}
