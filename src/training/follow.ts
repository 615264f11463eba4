/**
 * Training in a process other than the first of an MPI job. It takes the same steps as the first process, with its own rows of
 * each batch, and the same validations, with its own batches of the held-out examples. Only the first process, whose variables are the
 * same, makes checkpoints and summaries.
 */
import type { Checkpoint } from '../checkpoint/content.ts';
import type { Session } from '../engine/engine.ts';
import type { BatchSource } from '../input/prefetch.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { EpochCounter, type EpochReport } from './epochs.ts';
import { initialState, isExhausted } from './loss-scale.ts';
import type { Ranks, TrainingRun } from './run-definition.ts';
import type { TrainEvent } from './train.ts';
import { trainStep } from './train-step.ts';
import type { TrainingGraph } from './training-graph.ts';
import { type Validation, ValidationSchedule } from './validation.ts';

interface FollowOptions {
  readonly run: TrainingRun;
  readonly ranks: Ranks;
  /** The number of updates before the first step. */
  readonly globalStep: number;
  readonly maxSteps: number;
  readonly resume?: { readonly checkpoint: Checkpoint };
  readonly validate?: Validation;
  /** When the signal is aborted, this process votes to stop. */
  readonly signal?: AbortSignal;
}

/** Takes steps until `maxSteps`, until the processes agree to stop, or until the run diverges, which the first process reports.
 * @throws RunError when another process or the engine fails */
export async function* follow(
  { run, ranks, globalStep: first, maxSteps, resume, validate, signal }: FollowOptions,
  training: TrainingGraph,
  session: Session,
  batches: BatchSource,
): AsyncGenerator<TrainEvent, void, void> {
  const epochs = new EpochCounter(run.examples.count, run.batchSize);
  let globalStep = first;
  const validations = validate && new ValidationSchedule(validate, maxSteps, resume?.checkpoint.metadata);
  let isAgreed = false;
  let state = initialState(training.isLossScaled, resume?.checkpoint.metadata);
  for (;;) {
    if (validate && validations?.isDue(globalStep, epochs.endsAt(globalStep), isAgreed)) {
      const precision = await validate.score((await session.read()) as ReadonlyMap<string, Float32Tensor>);
      isAgreed ||= precision === undefined;
    }
    if (globalStep >= maxSteps || isAgreed) break;
    const startedAt = performance.now();
    const batch = await batches.next();
    const taken = await trainStep(run, training, session, batch, { stop: signal?.aborted === true, state });
    const { report, stops } = taken;
    state = taken.state;
    const stepMillis = performance.now() - startedAt;
    batches.recycle(batch);
    if (!Number.isFinite(report.totalLoss) || isExhausted(report.isSkipped, report.lossScale)) break;
    yield { ...report, waitedMillis: 0, stepMillis };
    const epoch = epochs.add(report.step, report.correct);
    if (epoch !== undefined) await overAllRanks(epoch, ranks);
    isAgreed = stops;
    globalStep++;
  }
  const { waitedMillis } = batches;
  const { skippedSteps } = state;
  yield { kind: 'end', globalStep, stopped: globalStep < maxSteps, waitedMillis, skippedSteps };
}

/** Adds up the correct classifications of all processes. All of them call this at the end of an epoch. */
export async function overAllRanks(report: EpochReport, ranks: Ranks | undefined): Promise<EpochReport> {
  if (ranks === undefined) return report;
  const [correct = 0] = await ranks.sum(Float32Array.of(report.correct));
  return { ...report, correct };
}
