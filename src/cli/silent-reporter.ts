/** Follows a training run without printing it: the first process of an MPI job prints the run for all. */
import type { TrainingEvent } from '../run/training.ts';
import type { TrainReporter } from './train-reporter.ts';

export class SilentReporter implements Pick<TrainReporter, 'finished' | 'lossOnExit' | 'report'> {
  #trains = false;
  #finished = false;

  get lossOnExit(): string {
    return this.#trains ? 'the first process saves the run' : 'nothing was trained';
  }

  get finished(): boolean {
    return this.#finished;
  }

  report(event: TrainingEvent): void {
    if (event.kind === 'ready') this.#trains = true;
    if (event.kind === 'end') this.#finished = !event.stopped;
  }
}
