/** What a step's summary holds: the tutorial's histograms, scalars and pictures, and what a run costs. */
import type { Session, Tensors } from '../engine/engine.ts';
import type { Batch } from '../input/batch.ts';
import type { BatchSource } from '../input/prefetch.ts';
import type { RecordedValue } from '../summary/recorder-messages.ts';
import { float32Data, type Tensor } from '../tensor/tensor.ts';
import type { TrainingRun } from './run.ts';
import { activationValues, imageValues } from './shown-values.ts';
import { buildSummaryGraph, gradientTag, type SummaryGraph } from './summary-graph.ts';
import { batchFeeds, type StepReport } from './train-step.ts';
import { averagedLoss, lossAverageName } from './training-graph.ts';

/** The summary of one step, to be recorded under its number. */
export interface StepSummary {
  readonly kind: 'summary';
  readonly step: number;
  readonly values: readonly RecordedValue[];
}

export class Summarizer {
  readonly #run: TrainingRun;
  readonly #plan: SummaryGraph;
  readonly #session: Session;
  readonly #every: number;
  #last: { readonly step: number; readonly at: number; readonly waitedMillis: number } | undefined;

  private constructor(run: TrainingRun, every: number, plan: SummaryGraph, session: Session) {
    this.#run = run;
    this.#every = every;
    this.#plan = plan;
    this.#session = session;
  }

  /** @param every steps from one summary to the next
   * @throws RunError when the engine refuses the graph */
  static async create(run: TrainingRun, every: number): Promise<Summarizer> {
    const plan = buildSummaryGraph(run.network, run.batchSize, run.hyperparameters);
    return new Summarizer(run, every, plan, await run.engine.compile(plan.graph));
  }

  /** Is a summary due of the step that follows so many updates? */
  isDue(globalStep: number): boolean {
    return globalStep % this.#every === 0;
  }

  /** Histograms and pictures of the batch that is about to be trained on, with the variables as they are before. */
  async look(variables: Tensors, batch: Batch): Promise<readonly RecordedValue[]> {
    const { graph } = this.#plan;
    await this.#session.write(new Map([...variables].filter(([name]) => graph.variables.has(name))));
    const found = await this.#session.step(batchFeeds(this.#run, batch));
    const images = imageValues(batch.images, this.#run.network.imageShape);
    return [...images, ...this.#histograms(found, variables)];
  }

  /** The whole summary of a step: what was seen, the losses, and what the steps since the last one cost. */
  summarize(
    seen: readonly RecordedValue[],
    before: Tensors,
    report: StepReport,
    { queue: { ready, capacity }, waitedMillis }: Pick<BatchSource, 'queue' | 'waitedMillis'>,
  ): StepSummary {
    const scalars = [
      ...lossScalars(report, before),
      { tag: 'learning_rate', value: report.learningRate },
      { tag: `queue/batches/fraction_of_${capacity}_full`, value: ready / capacity },
      ...this.#rates(report.step, waitedMillis),
    ];
    const values = scalars.map((scalar) => ({ kind: 'scalar', ...scalar }) as const);
    return { kind: 'summary', step: report.step, values: [...values, ...seen] };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #histograms(found: Tensors, variables: Tensors): readonly RecordedValue[] {
    const { activations, variables: names } = this.#plan;
    const tensor = (tag: string, data: Tensor | undefined) =>
      data === undefined ? [] : [{ kind: 'tensor', tag, data: float32Data(data) } as const];
    return [
      ...activationValues(activations, found),
      ...names.flatMap((name) => tensor(name, variables.get(name))),
      ...names.flatMap((name) => tensor(gradientTag(name), found.get(gradientTag(name)))),
    ];
  }

  /** Examples a second since the last summary, and the share of that time that training waited for its input.
   * @param waitedMillis since the run began */
  #rates(step: number, waitedMillis: number): readonly { readonly tag: string; readonly value: number }[] {
    const now = performance.now();
    const last = this.#last;
    this.#last = { step, at: now, waitedMillis };
    if (last === undefined) return [];
    const millis = now - last.at;
    return [
      { tag: 'examples_per_sec', value: (((step - last.step) * this.#run.batchSize) / millis) * 1e3 },
      { tag: 'input/waiting', value: (waitedMillis - last.waitedMillis) / millis },
    ];
  }
}

/** `<name> (raw)` and the running average under the plain name, in the tutorial's order (r0.11,
 * `_add_loss_summaries`). The variables hold the averages before this step. */
function lossScalars({ losses, step }: StepReport, before: Tensors) {
  return [...losses].flatMap(([name, value]) => {
    const average = before.get(lossAverageName(name));
    const averaged = averagedLoss(average === undefined ? 0 : (float32Data(average)[0] ?? 0), value, step);
    return [
      { tag: `${name} (raw)`, value },
      { tag: name, value: averaged },
    ];
  });
}
