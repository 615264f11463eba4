/** Prints a training run: lines, the progress line, and the events of `--json`. */
import type { PreparationEvent } from '../run/ensure-dataset.ts';
import type { TrainingEvent } from '../run/training.ts';
import { counted, enumeration } from '../wording.ts';
import type { Console } from './console.ts';
import { preparationReporter } from './data-reporter.ts';
import { flagTable } from './flag-table.ts';
import { nextCommands, type ReportedFlags, suggests } from './next-commands.ts';
import { inFlags } from './option-flags.ts';
import { placementTable } from './placement-table.ts';
import { StepReporter } from './step-reporter.ts';
import { watchLine } from './watch-line.ts';

/** The flags that matter for a run that is already complete: they say which run, how long it is, and what is printed. */
const usedByCompleteRuns: ReadonlySet<string> = new Set([
  ...['train-dir', 'data-dir', 'max-steps', 'epochs', 'quiet', 'json', 'collective'],
]);

/** Prints the events of a training run. */
export class TrainReporter {
  readonly #console: Console;
  readonly #flags: ReportedFlags;
  readonly #given: ReadonlySet<string>;
  readonly #prepare: (event: PreparationEvent) => void;
  #steps: StepReporter | undefined;
  #isComplete = false;

  /** @param given the names of the flags on the command line, such as `max-steps` */
  constructor(console: Console, flags: ReportedFlags, given: ReadonlySet<string> = new Set()) {
    this.#console = console;
    this.#flags = flags;
    this.#given = given;
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
      case 'tryingDevice':
      case 'device':
        this.#prepare(event);
        return;
      case 'movedAside':
        this.#console.line(`Moved the previous run from ${this.#flags.trainDir} to ${event.path}`);
        return;
      case 'start':
        this.#steps = new StepReporter(this.#console, { ...this.#flags, maxSteps: event.maxSteps }, event);
        return;
      case 'placement':
        this.#console.line(placementTable(event), { ...event });
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

  /** Says which flags have no effect, because no step is made. */
  #unused(): string {
    const unused = [...this.#given]
      .filter((name) => !usedByCompleteRuns.has(name))
      .map((name) => `--${name}`);
    return unused.length === 0
      ? ''
      : `. Without further steps, ${enumeration(unused)} ${unused.length === 1 ? 'has' : 'have'} no effect`;
  }

  /** Reports that the run was already complete when the command started. */
  #complete({
    globalStep,
    skippedSteps,
    hasHeldOut,
    hyperparameters,
  }: TrainingEvent & { readonly kind: 'complete' }): void {
    this.#isComplete = true;
    const { trainDir } = this.#flags;
    const others =
      trainDir === flagTable.trainDir.default ? '; to start another, use --train-dir or --restart' : '';
    this.#console.result(
      `The run in ${trainDir} is complete: ${counted(globalStep, 'step')}${others}${this.#unused()}`,
      {
        kind: 'end',
        ...{ globalStep, skippedSteps, stopped: false, images: 0, seconds: 0, waitedSeconds: 0, trainDir },
      },
    );
    if (suggests())
      this.#console.line(
        nextCommands(this.#flags, { globalStep, stopped: false, hasHeldOut, hyperparameters }),
      );
  }
}
