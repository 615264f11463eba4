/** Hands what a training shows to the thread that records it in event files. */

import { encodeGraphDef } from '../../summary/graph-def.ts';
import {
  experimentValue,
  type Hyperparameters,
  sessionEndValue,
  sessionStartValue,
} from '../../summary/hparams.ts';
import { type RecordedValue, scalarOf } from '../../summary/recorded-value.ts';
import { SummaryRecorder } from '../../summary/recorder.ts';
import { tagOf } from '../../summary/tags.ts';
import { trainingGraphNodes } from '../../training/graph-nodes.ts';
import type { TrainingRun } from '../../training/run.ts';
import type { TrainEvent } from '../../training/train.ts';

const now = () => Date.now() / 1000;

export class TrainSummaries {
  readonly #recorder: SummaryRecorder;

  private constructor(recorder: SummaryRecorder) {
    this.#recorder = recorder;
  }

  /** Opens the event file of a run that starts, or goes on, at a step, and says what run it is.
   * @throws RunError when there is no writing in the folder */
  static async open(
    dir: string,
    run: TrainingRun,
    startStep: number,
    onTrouble: (message: string) => void,
  ): Promise<TrainSummaries> {
    const recorder = await SummaryRecorder.open({ dir, startStep, onTrouble });
    await recorder.graph(encodeGraphDef(trainingGraphNodes(run)));
    await recorder.record(startStep, runValues(run));
    return new TrainSummaries(recorder);
  }

  async tell(event: TrainEvent): Promise<void> {
    if (event.kind === 'summary') await this.#recorder.record(event.step, event.values);
    // A run that is killed goes on from the newest checkpoint: what was shown before it must not be lost with the process.
    if (event.kind === 'busy' && event.with === 'saving') await this.#recorder.flush();
    if (event.kind === 'validation') {
      await this.#recorder.record(event.globalStep, [scalarOf('validationPrecision', event.precision)]);
    }
    // Of a run that was stopped, or failed, no end is told: it may go on, and TensorBoard keeps the first end that it reads.
    if (event.kind === 'end' && !event.stopped) {
      await this.#recorder.record(event.globalStep, [sessionEndValue('success', now())]);
    }
  }

  /** Writes what waits. */
  close(): Promise<void> {
    return this.#recorder.close();
  }
}

/** What TensorBoard's HParams page compares runs by. */
function runValues(run: TrainingRun): readonly RecordedValue[] {
  const { network, batchSize, seed, holdout, hyperparameters, engine, examples } = run;
  const all: Hyperparameters = {
    dataset: examples.dataset.name,
    network: network.name,
    batchSize,
    seed,
    holdout,
    ...hyperparameters,
    engine: engine.name,
    precision: engine.precision,
  };
  const metrics = [
    { tag: tagOf('averagedLoss', { term: 'total_loss' }).tag, displayName: 'total loss' },
    { tag: tagOf('averagedLoss', { term: 'cross_entropy' }).tag, displayName: 'cross entropy' },
    ...(holdout > 0
      ? [{ tag: tagOf('validationPrecision').tag, displayName: 'precision @ 1, held out' }]
      : []),
    { tag: tagOf('examplesPerSecond').tag, displayName: 'examples a second' },
  ];
  return [experimentValue({ hyperparameters: all, metrics, created: now() }), sessionStartValue(all, now())];
}
