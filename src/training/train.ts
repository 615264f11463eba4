/**
 * Training, from top to bottom: batches, graph, session, variables (fresh or restored), then the loop. An async
 * generator of what happened: the command line prints it, tests count it; nothing here prints.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import type { Batch } from '../input/batch.ts';
import { prefetchBatches } from '../input/prefetch.ts';
import { type Float32Tensor, float32Data, scalar, type Tensor } from '../tensor/tensor.ts';
import { requireFinite, requireFiniteVariables } from './divergence.ts';
import { bitChanges, metadataOf, requireSameRun, type TrainingRun, type Versions } from './run.ts';
import { decaySteps, learningRate, movingAverageDecay } from './schedule.ts';
import { buildTrainingGraph, initialVariables, type TrainingGraph } from './training-graph.ts';

export interface TrainOptions {
  readonly run: TrainingRun;
  readonly store: CheckpointStore;
  /** The newest checkpoint of this run, to go on from. */
  readonly resume?: { readonly path: string; readonly checkpoint: Checkpoint };
  /** Weights of another run to start from instead of random ones. */
  readonly initFrom?: Tensors;
  /** Updates in all, those before a resume included. */
  readonly maxSteps: number;
  /** Updates between checkpoints. One is written before the first update and one at the end as well. */
  readonly checkpointSteps: number;
  /** Threads that prepare batches; the batches are the same for every number. */
  readonly readers?: number;
  readonly validate?: Validation;
  readonly versions: Versions;
  /** When it is aborted, training saves and ends after the step at hand. */
  readonly signal?: AbortSignal;
}

/** Scores the examples kept out of training, now and then, and keeps the best checkpoint. */
export interface Validation {
  /** Updates between scores. */
  readonly every: number;
  /** Precision @ 1 of the moving averages among these variables. */
  readonly score: (variables: ReadonlyMap<string, Float32Tensor>) => Promise<number>;
  /** Where the best one goes. */
  readonly best: CheckpointStore;
}

export type TrainEvent =
  /** The graph is compiled and the variables are set. `changes` says what ends equality to the bit on a resume. */
  | { readonly kind: 'ready'; readonly globalStep: number; readonly changes: readonly string[] }
  | StepReport
  | { readonly kind: 'checkpoint'; readonly globalStep: number; readonly path: string }
  | ValidationReport
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
  /** Milliseconds that this step waited for its batch. */
  readonly waitedMillis: number;
}

export interface ValidationReport {
  readonly kind: 'validation';
  readonly globalStep: number;
  readonly precision: number;
  /** The best so far, and then where its checkpoint is. */
  readonly best: boolean;
  readonly path?: string;
}

/** @throws RunError when the loss is no longer finite, or the checkpoint belongs to another run. */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { run, store, resume, maxSteps, checkpointSteps, validate, signal } = options;
  const metadata = metadataOf(run, resume?.checkpoint.metadata.globalStep ?? 0, options.versions);
  if (resume !== undefined) requireSameRun(resume.path, resume.checkpoint.metadata, metadata);
  let { globalStep } = metadata;

  const { seed, batchSize } = run;
  const { readers = 1 } = options;
  const batches = prefetchBatches(run.examples, { seed, batchSize, firstStep: globalStep, readers });
  let session: Session | undefined;
  try {
    const training = buildTrainingGraph(run.network, batchSize, run.hyperparameters);
    session = await run.engine.compile(training.graph);
    await session.write(resume?.checkpoint.tensors ?? initialVariables(training, seed, options.initFrom));
    const changes = resume === undefined ? [] : bitChanges(resume.checkpoint.metadata, metadata);
    yield { kind: 'ready', globalStep, changes };

    let saved = resume === undefined ? -1 : globalStep;
    let scored = saved;
    let best =
      (await validate?.best.latest())?.checkpoint.metadata.validationPrecision ?? Number.NEGATIVE_INFINITY;
    for (;;) {
      const last = globalStep >= maxSteps || signal?.aborted === true;
      const saves = (last || globalStep % checkpointSteps === 0) && saved !== globalStep;
      const scores =
        validate !== undefined &&
        globalStep % validate.every === 0 &&
        globalStep > 0 &&
        scored !== globalStep;
      const tensors = saves || scores ? await readVariables(session, globalStep, saved) : undefined;
      if (scores && tensors !== undefined) {
        const precision = await validate.score(tensors);
        scored = globalStep;
        const report = { kind: 'validation', globalStep, precision } as const;
        if (precision > best) {
          best = precision;
          const kept = { ...metadata, globalStep, validationPrecision: precision };
          yield { ...report, best: true, path: await validate.best.save({ tensors, metadata: kept }) };
        } else yield { ...report, best: false };
      }
      let report: StepReport | undefined;
      if (!last) {
        const waitedBefore = batches.waitedMillis;
        const batch = await batches.next();
        const waitedMillis = batches.waitedMillis - waitedBefore;
        report = { ...(await trainStep(run, training, session, batch)), waitedMillis };
        await requireFinite(report, run.examples, batch, session, saved);
        batches.recycle(batch);
      }
      // Only now: the weights are good, for they gave a finite loss.
      if (saves && tensors !== undefined) {
        const path = await store.save({ tensors, metadata: { ...metadata, globalStep } });
        saved = globalStep;
        yield { kind: 'checkpoint', globalStep, path };
      }
      if (report === undefined) break;
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
): Promise<Omit<StepReport, 'waitedMillis'>> {
  const rate = learningRate(step, decaySteps(examples.count, batchSize, hyperparameters), hyperparameters);
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

/** @throws RunError when one of them is not finite: such a checkpoint would only waste what comes after it. */
async function readVariables(session: Session, globalStep: number, saved: number) {
  const variables = (await session.read()) as ReadonlyMap<string, Float32Tensor>;
  requireFiniteVariables(variables, globalStep, saved);
  return variables;
}

function scalarOf(tensor: Tensor | undefined): number {
  return (tensor && float32Data(tensor)[0]) ?? Number.NaN;
}
