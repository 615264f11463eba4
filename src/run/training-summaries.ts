/** Passes the summaries of a run to the thread that records them in event files. */
import { withoutWatched } from '../passes/watch.ts';
import { encodeGraphDef } from '../summary/graph-def.ts';
import {
  experimentValue,
  type Hyperparameters,
  sessionEndValue,
  sessionStartValue,
} from '../summary/hparams.ts';
import { type RecordedValue, scalarOf } from '../summary/recorded-value.ts';
import { SummaryRecorder } from '../summary/recorder.ts';
import { tagOf } from '../summary/tags.ts';
import { graphNodes } from '../training/graph-nodes.ts';
import { devicesOf, type Placement } from '../training/placement.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import type { TrainEvent } from '../training/train.ts';
import type { TrainingGraph } from '../training/training-graph.ts';

const now = () => Date.now() / 1000;

export interface SummarizedRun {
  readonly run: TrainingRun;
  readonly training: TrainingGraph;
  readonly startStep: number;
  /** Where the steps are computed, if that is known. The graph then contains the devices. */
  readonly placed: Placement | undefined;
  readonly onProblem: (message: string) => void;
}

export class TrainingSummaries {
  readonly #recorder: SummaryRecorder;

  private constructor(recorder: SummaryRecorder) {
    this.#recorder = recorder;
  }

  /** Opens the event file of a run that starts or resumes at a step, and records its graph and hyperparameters.
   * @throws RunError when the folder cannot be written */
  static async open(
    dir: string,
    { run, training: { graph }, startStep, placed, onProblem }: SummarizedRun,
  ): Promise<TrainingSummaries> {
    const recorder = await SummaryRecorder.open({ dir, startStep, onProblem });
    await recorder.graph(encodeGraphDef(graphNodes(withoutWatched(graph), placed && devicesOf(placed))));
    await recorder.record(startStep, runValues(run));
    return new TrainingSummaries(recorder);
  }

  async record(event: TrainEvent): Promise<void> {
    if (event.kind === 'summary') await this.#recorder.record(event.step, event.values);
    // A killed run resumes from its newest checkpoint, so the points before a checkpoint must be on disk when it is saved.
    if (event.kind === 'busy' && event.with === 'saving') await this.#recorder.flush();
    if (event.kind === 'validation') {
      await this.#recorder.record(event.globalStep, [scalarOf('validationPrecision', event.precision)]);
    }
    // The end is recorded only for complete runs: a stopped or failed run may be resumed, and TensorBoard keeps the first end
    // that it reads.
    if (event.kind === 'end' && !event.stopped) {
      await this.#recorder.record(event.globalStep, [sessionEndValue('success', now())]);
    }
  }

  /** Writes the buffered summaries and closes the event file. */
  close(): Promise<void> {
    return this.#recorder.close();
  }
}

/** Returns the entries of the run on TensorBoard's HParams page. */
function runValues(run: TrainingRun): readonly RecordedValue[] {
  const { network, batchSize, seed, holdout, hyperparameters, engine, examples, validation } = run;
  const all: Hyperparameters = {
    dataset: examples.dataset.name,
    network: network.name,
    batchSize,
    seed,
    holdout,
    ...hyperparameters,
    engine: engine.name,
    precision: engine.precision,
    device: engine.device,
  };
  const metrics = [
    { tag: tagOf('averagedLoss', { term: 'total_loss' }).tag, displayName: 'total loss' },
    { tag: tagOf('averagedLoss', { term: 'cross_entropy' }).tag, displayName: 'cross entropy' },
    ...(validation !== undefined
      ? [{ tag: tagOf('validationPrecision').tag, displayName: 'precision @ 1, held out' }]
      : []),
    { tag: tagOf('examplesPerSecond').tag, displayName: 'examples per second' },
  ];
  return [experimentValue({ hyperparameters: all, metrics, created: now() }), sessionStartValue(all, now())];
}
