/** Makes the summary of a step: the histograms, scalars and images of the tutorial, and the speed of the run. */
import type { Tensors } from '../engine/engine.ts';
import type { Batch } from '../input/batch.ts';
import type { BatchSource } from '../input/prefetch.ts';
import { type RecordedValue, scalarOf, tensorOf } from '../summary/recorded-value.ts';
import { tagOf } from '../summary/tags.ts';
import { float32Data } from '../tensor/tensor.ts';
import { imageShapeAt } from './early-images.ts';
import type { TrainingRun } from './run-definition.ts';
import { activationValues, imageValues } from './shown-values.ts';
import type { StepReport } from './train-step.ts';
import { averagedLoss, lossAverageName, type TrainingGraph } from './training-graph.ts';

/** The summary of one step, which is recorded at the number of the step. */
export interface StepSummary {
  readonly kind: 'summary';
  readonly step: number;
  readonly values: readonly RecordedValue[];
}

export class Summarizer {
  readonly #run: TrainingRun;
  readonly #training: Pick<TrainingGraph, 'activations' | 'parameters'>;
  readonly #every: number;
  #last: { readonly step: number; readonly at: number; readonly waitedMillis: number } | undefined;

  /** @param every the number of steps between summaries */
  constructor(run: TrainingRun, training: Pick<TrainingGraph, 'activations' | 'parameters'>, every: number) {
    this.#run = run;
    this.#training = training;
    this.#every = every;
  }

  /** Whether the step that follows `globalStep` updates has a summary. */
  isDue(globalStep: number): boolean {
    return globalStep % this.#every === 0;
  }

  /** Returns a step's summary: the losses, the speed since the previous summary, the first images of its batch, and histograms.
   * @param seen the values that a watched step returned */
  summarize(
    { images }: Pick<Batch, 'images'>,
    seen: Tensors,
    report: StepReport,
    { queue: { ready, capacity }, waitedMillis }: Pick<BatchSource, 'queue' | 'waitedMillis'>,
  ): StepSummary {
    const scalars = [
      ...lossScalars(report, seen),
      ...report.towerLosses.map((loss, tower) => scalarOf('towerLoss', loss, { tower })),
      scalarOf('learningRate', report.learningRate),
      ...(report.lossScale === undefined ? [] : [scalarOf('lossScale', report.lossScale)]),
      scalarOf('queue', ready / capacity, { capacity }),
      ...this.#rates(report.step, waitedMillis),
    ];
    const shown = imageValues(images, imageShapeAt(this.#run, report.step));
    return { kind: 'summary', step: report.step, values: [...scalars, ...shown, ...this.#histograms(seen)] };
  }

  #histograms(seen: Tensors): readonly RecordedValue[] {
    const { activations, parameters } = this.#training;
    const names = parameters.map(({ variable }) => variable.name);
    const shown = (name: 'variable' | 'gradient', variable: string) => {
      const data = seen.get(tagOf(name, { variable }).tag);
      return data === undefined ? [] : [tensorOf(name, float32Data(data), { variable })];
    };
    return [
      ...activationValues(activations, seen),
      ...names.flatMap((variable) => shown('variable', variable)),
      ...names.flatMap((variable) => shown('gradient', variable)),
    ];
  }

  /** Returns the examples per second since the previous summary, and the fraction of the time spent waiting for input.
   * @param waitedMillis the time spent waiting since the run began */
  #rates(step: number, waitedMillis: number): readonly RecordedValue[] {
    const now = performance.now();
    const last = this.#last;
    this.#last = { step, at: now, waitedMillis };
    if (last === undefined) return [];
    const millis = now - last.at;
    return [
      scalarOf('examplesPerSecond', (((step - last.step) * this.#run.batchSize) / millis) * 1e3),
      scalarOf('waiting', (waitedMillis - last.waitedMillis) / millis),
    ];
  }
}

/** Returns two scalars for each term of the loss, in the order of the tutorial (r0.11, `_add_loss_summaries`): the value as
 * `<name> (raw)`, and the running average under the plain name.
 * @param before the variables from before this step, including the running averages */
function lossScalars(report: StepReport, before: Tensors): readonly RecordedValue[] {
  const { losses, step, skippedSteps, isSkipped } = report;
  const updates = step - (isSkipped ? skippedSteps - 1 : skippedSteps);
  return [...losses].flatMap(([term, value]) => {
    const average = before.get(lossAverageName(term));
    const averaged = averagedLoss(average === undefined ? 0 : (float32Data(average)[0] ?? 0), value, updates);
    return [scalarOf('rawLoss', value, { term }), scalarOf('averagedLoss', averaged, { term })];
  });
}
