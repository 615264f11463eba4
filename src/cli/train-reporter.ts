/** Prints a training run: lines, the progress line, and the events of `--json`. */
import type { PreparationEvent } from '../run/ensure-dataset.ts';
import type { TrainingEvent } from '../run/training.ts';
import { counted } from '../wording.ts';
import type { Console } from './console.ts';
import { preparationReporter } from './data-reporter.ts';
import { flagTable } from './flag-table.ts';
import { nextCommands, type ReportedFlags, suggests } from './next-commands.ts';
import { inFlags } from './option-flags.ts';
import { StepReporter } from './step-reporter.ts';
import { watchLine } from './watch-line.ts';

/** Prints the events of a training run. */
export class TrainReporter {
  readonly #console: Console;
  readonly #flags: ReportedFlags;
  readonly #prepare: (event: PreparationEvent) => void;
  #steps: StepReporter | undefined;
  #isComplete = false;

  constructor(console: Console, flags: ReportedFlags) {
    this.#console = console;
    this.#flags = flags;
    this.#prepare = preparationReporter(console);
  }

  /** A description of what is lost by exiting before the next checkpoint. */
  get lossOnExit(): string {
    return this.#steps?.lossOnExit ?? 'nothing was trained';
  }

  /** Whether the training reached its last step. */
  get finished(): boolean {
    return this.#isComplete || this.#steps?.finished === true;
  }

  report(event: TrainingEvent): void {
    if (event.kind !== 'reading' && event.kind !== 'data' && this.#steps === undefined)
      this.#console.progress(undefined);
    switch (event.kind) {
      case 'locked':
        this.#console.line(inFlags(event.message));
        return;
      case 'warning':
      case 'data':
      case 'reading':
        this.#prepare(event);
        return;
      case 'movedAside':
        this.#console.line(`Moved the previous run from ${this.#flags.trainDir} to ${event.path}`);
        return;
      case 'start':
        this.#steps = new StepReporter(this.#console, { ...this.#flags, maxSteps: event.maxSteps }, event);
        return;
      case 'recording':
        this.#console.line(watchLine(event.dir));
        return;
      case 'complete':
        this.#complete(event);
        return;
      default:
        this.#steps?.report(event);
    }
  }

  /** Reports that the run was already complete when the command started. */
  #complete({
    globalStep,
    hasHeldOut,
    hyperparameters,
  }: TrainingEvent & { readonly kind: 'complete' }): void {
    this.#isComplete = true;
    const { trainDir } = this.#flags;
    const others =
      trainDir === flagTable.trainDir.default ? '; to start another, use --train-dir or --restart' : '';
    this.#console.result(`The run in ${trainDir} is complete: ${counted(globalStep, 'step')}${others}`, {
      kind: 'end',
      ...{ globalStep, stopped: false, images: 0, seconds: 0, waitedSeconds: 0, trainDir },
    });
    if (suggests())
      this.#console.line(
        nextCommands(this.#flags, { globalStep, stopped: false, hasHeldOut, hyperparameters }),
      );
  }
}
