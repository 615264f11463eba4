/** What a step's summary holds: the tutorial's histograms, scalars and pictures, and what a run costs. */
import type { Session, Tensors } from '../engine/engine.ts';
import type { Batch } from '../input/batch.ts';
import type { BatchSource } from '../input/prefetch.ts';
import type { RecordedValue } from '../summary/recorder-messages.ts';
import { type Float32Tensor, float32, float32Data, sizeOf, type Tensor } from '../tensor/tensor.ts';
import type { TrainingRun } from './run.ts';
import {
  activationTag,
  buildSummaryGraph,
  gradientTag,
  type SummaryGraph,
  sparsityTag,
} from './summary-graph.ts';
import type { StepReport } from './train-step.ts';
import { averagedLoss, lossAverageName } from './training-graph.ts';

/** How many of a batch's images are shown (r0.11, `image_summary` with 3). */
const shownImages = 3;

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
  #last: { readonly step: number; readonly at: number; readonly waitedMillis: number } | undefined;
  #waitedMillis = 0;

  private constructor(run: TrainingRun, plan: SummaryGraph, session: Session) {
    this.#run = run;
    this.#plan = plan;
    this.#session = session;
  }

  /** @throws RunError when the engine refuses the graph */
  static async create(run: TrainingRun): Promise<Summarizer> {
    const plan = buildSummaryGraph(run.network, run.batchSize, run.hyperparameters);
    return new Summarizer(run, plan, await run.engine.compile(plan.graph));
  }

  /** Histograms and pictures of the batch that is about to be trained on, with the variables as they are before. */
  async look(variables: Tensors, { images, labels }: Batch): Promise<readonly RecordedValue[]> {
    const { batchSize, network } = this.#run;
    const { graph } = this.#plan;
    await this.#session.write(new Map([...variables].filter(([name]) => graph.variables.has(name))));
    const shape = [batchSize, ...network.imageShape];
    const feeds = new Map<string, Tensor>([
      ['images', { dtype: 'float32', shape, data: images }],
      ['labels', { dtype: 'int32', shape: [batchSize], data: labels }],
    ]);
    const found = await this.#session.step(feeds);
    return [...pictures(images, network.imageShape), ...this.#histograms(found, variables)];
  }

  /** Counts a step. Every step must be counted, for rates are of all steps since the last summary. */
  count({ waitedMillis }: StepReport): void {
    this.#waitedMillis += waitedMillis;
  }

  /** The whole summary of a step: what was seen, the losses, and what the steps since the last one cost. */
  summarize(
    seen: readonly RecordedValue[],
    before: Tensors,
    report: StepReport,
    { ready, capacity }: BatchSource['queue'],
  ): StepSummary {
    const scalars = [
      ...lossScalars(report, before),
      { tag: 'learning_rate', value: report.learningRate },
      { tag: `queue/batches/fraction_of_${capacity}_full`, value: ready / capacity },
      ...this.#rates(report.step),
    ];
    const values = scalars.map((scalar) => ({ kind: 'scalar', ...scalar }) as const);
    return { kind: 'summary', step: report.step, values: [...values, ...seen] };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #histograms(found: Tensors, variables: Tensors): readonly RecordedValue[] {
    const { activations, variables: names } = this.#plan;
    const tensor = (tag: string, data: Tensor | undefined, more: { readonly sparsityTag?: string } = {}) =>
      data === undefined ? [] : [{ kind: 'tensor', tag, data: float32Data(data), ...more } as const];
    return [
      ...activations.flatMap((name) =>
        tensor(activationTag(name), found.get(activationTag(name)), { sparsityTag: sparsityTag(name) }),
      ),
      ...names.flatMap((name) => tensor(name, variables.get(name))),
      ...names.flatMap((name) => tensor(gradientTag(name), found.get(gradientTag(name)))),
    ];
  }

  /** Examples a second since the last summary, and the share of that time that training waited for its input. */
  #rates(step: number): readonly { readonly tag: string; readonly value: number }[] {
    const now = performance.now();
    const last = this.#last;
    this.#last = { step, at: now, waitedMillis: this.#waitedMillis };
    if (last === undefined) return [];
    const millis = now - last.at;
    return [
      { tag: 'examples_per_sec', value: (((step - last.step) * this.#run.batchSize) / millis) * 1e3 },
      { tag: 'input/waiting', value: (this.#waitedMillis - last.waitedMillis) / millis },
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

/** The first images as the network sees them: `images/image/0` …, TensorFlow's tags. */
function pictures(images: Float32Array, shape: readonly number[]): readonly RecordedValue[] {
  const size = sizeOf(shape);
  const count = Math.min(shownImages, images.length / size);
  return Array.from({ length: count }, (_, index) => {
    const image: Float32Tensor = float32(shape, images.slice(index * size, (index + 1) * size));
    return { kind: 'picture', tag: `images/image/${index}`, image } as const;
  });
}
