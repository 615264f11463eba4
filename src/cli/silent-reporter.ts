/** Follows a training run without printing it: the first process of an MPI job prints the run for all. */
import type { TrainingEvent } from '../run/training.ts';
import type { TrainReporter } from './train-reporter.ts';

export class SilentReporter implements Pick<TrainReporter, 'finished' | 'lossOnExit' | 'report'> {
  readonly lossOnExit = 'the first process saves the run';
  #finished = false;

  get finished(): boolean {
    return this.#finished;
  }

  report(event: TrainingEvent): void {
    if (event.kind === 'end') this.#finished = !event.stopped;
  }
}
