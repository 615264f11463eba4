/** Prints a sweep: one line per run, the progress line, the table at the end, and the events of `--json`. */
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { EndedRun, SweepEvent } from '../run/sweep.ts';
import type { PlacedRun, SweepResult } from '../run/sweep-folder.ts';
import { counted } from '../wording.ts';
import type { Outcome } from './commands/context.ts';
import { type Console, duration, type JsonEvent } from './console.ts';
import { dataDirWords } from './data-dir-words.ts';
import type { SweepFlags } from './flag-table.ts';
import { givenWords } from './given-words.ts';
import { inFlags } from './option-flags.ts';
import { resumeCommand } from './resume-command.ts';
import { enoughSteps, warmUpMillis } from './step-times.ts';
import { combinationTable, sweepTable } from './sweep-tables.ts';
import { TrainReporter } from './train-reporter.ts';
import { unlessBuilt } from './watch-line.ts';

type EventOf<Kind extends SweepEvent['kind']> = Extract<SweepEvent, { readonly kind: Kind }>;

const number = (value: number) => Math.round(value).toLocaleString('en-US');
/** A sweep that takes less than this, in milliseconds, ends before an estimate is useful. */
const shortSweep = 60_000;

export class SweepReporter {
  readonly #console: Console;
  readonly #flags: SweepFlags;
  readonly #given: ReadonlySet<string>;
  #runs: readonly PlacedRun[] = [];
  #training: TrainReporter | undefined;
  readonly #estimate: Estimate = new Estimate();
  #isDescribed = false;
  #outcome: Outcome = 'stopped';

  constructor(console: Console, flags: SweepFlags, given: ReadonlySet<string>) {
    this.#console = console;
    this.#flags = flags;
    this.#given = given;
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  /** A description of what is lost by exiting before the next checkpoint. */
  get lossOnExit(): string {
    return this.#training?.lossOnExit ?? 'nothing was trained';
  }

  report(event: SweepEvent): void {
    switch (event.kind) {
      case 'locked':
        this.#console.line(inFlags(event.message));
        return;
      case 'plan':
        this.#plan(event);
        return;
      case 'run':
        this.#begin(event);
        return;
      case 'training':
        this.#train(event);
        return;
      case 'result':
        this.#result(event);
        return;
      case 'end':
        this.#end(event);
        return;
    }
  }

  #plan({ runs }: EventOf<'plan'>): void {
    this.#runs = runs;
    this.#estimate.start(runs);
    const steps = [...new Set(runs.map((run) => run.steps))];
    const each = steps.length === 1 ? ` of ${counted(steps[0] ?? 0, 'step')}` : '';
    const finished = runs.filter(({ result }) => result !== undefined).length;
    const kept = finished === 0 ? '' : `, ${number(finished)} of them already finished`;
    this.#console.line(`${counted(runs.length, 'run')}${each} in ${this.#flags.sweepDir}${kept}`, {
      kind: 'sweepPlan',
      sweepDir: this.#flags.sweepDir,
      runs: runs.map((run) => ({ ...aboutRun(run), steps: run.steps, hasEnded: run.result !== undefined })),
    });
  }

  #begin({ index, run }: EventOf<'run'>): void {
    const { dataDir, summarySteps } = this.#flags;
    const isLogged = this.#given.has('log-frequency');
    const position = `run ${index + 1} of ${this.#runs.length}`;
    const console = consoleOfRun(this.#console, position, isLogged);
    if (isLogged) this.#console.line(`${position}: ${run.name}`);
    this.#console.event({ kind: 'sweepRun', index, ...aboutRun(run) });
    this.#training = new TrainReporter(console, {
      ...{ trainDir: run.trainDir, dataDir, summarySteps },
      ...{ maxSteps: run.steps, logFrequency: this.#flags.logFrequency },
    });
  }

  #train({ run, event }: EventOf<'training'>): void {
    if (event.kind === 'start' && !this.#isDescribed) {
      this.#isDescribed = true;
      const { examples, validation, engine } = event.run;
      this.#console.line(
        `Training on ${counted(examples.count, 'image')} of ${examples.dataset.title}, compared on ` +
          `${number(validation?.count ?? 0)} held-out ones, with ${engine.library} (${engine.device === 'cpu' ? '' : `${engine.device}, `}${engine.precision})`,
      );
    }
    this.#training?.report(event);
    if (event.kind !== 'step') return;
    const millisLeft = this.#estimate.step(run, event.step + 1);
    if (millisLeft !== undefined && millisLeft >= shortSweep)
      this.#console.line(`The rest of the sweep will take about ${duration(millisLeft)} at this speed`);
  }

  #result({ index, run, result }: EventOf<'result'>): void {
    this.#console.progress(undefined);
    this.#estimate.end(run);
    const { millisLeft } = this.#estimate;
    const left = millisLeft === undefined || millisLeft === 0 ? '' : `; about ${duration(millisLeft)} left`;
    this.#console.line(`[${index + 1}/${this.#runs.length}] ${run.name}: ${outcomeOf(result)}${left}`, {
      ...{ kind: 'sweepResult', index },
      ...aboutEnded({ run, result }),
    });
    if (result.status === 'failed') this.#console.warn(`${run.name}: ${result.message}`);
  }

  #end({ ended, combinations, open, stopped }: EventOf<'end'>): void {
    this.#console.progress(undefined);
    const isFailed = ended.some(({ result }) => result.status === 'failed');
    const isAllLost = ended.length > 0 && ended.every(({ result }) => result.status !== 'finished');
    this.#outcome = stopped && open > 0 ? 'stopped' : isFailed || isAllLost ? 'failed' : 'done';
    const parts = [
      ...(ended.length === 0 ? [] : [sweepTable(ended)]),
      ...(combinations.length === 0 ? [] : [combinationTable(combinations)]),
      ...(open === 0 ? [] : [`${counted(open, 'run')} not finished`]),
    ];
    this.#console.result(parts.join('\n\n'), {
      ...{ kind: 'sweepEnd', sweepDir: this.#flags.sweepDir, stopped, open },
      ...{ runs: ended.map(aboutEnded), combinations },
    });
    this.#console.line(this.#next(ended, open));
  }

  /** Returns the suggested next commands, each on a line of its own below a line that says what it is for. */
  #next(ended: readonly EndedRun[], open: number): string {
    const { dataDir, sweepDir } = this.#flags;
    const data = dataDirWords(dataDir);
    const best = ended.find(({ result }) => result.status === 'finished' && result.best !== null);
    const ofBest = ({ run, result }: EndedRun) => [
      'To evaluate the best on the test images, once all choices are made:',
      `  ${command(`eval --run-once --checkpoint-dir ${shellWord(`${run.trainDir}/best`)}${data}`)}`,
      'To train it for more steps:',
      `  ${resumeCommand({ ...run, dataDir }, result.steps * 2)}`,
    ];
    return [
      ...(open === 0
        ? []
        : ['To continue:', `  ${command(`sweep ${givenWords(this.#flags, this.#given)}`)}`]),
      ...(best === undefined || open > 0 ? [] : ofBest(best)),
      `To compare all runs in a web page${unlessBuilt()}:`,
      `  ${command(`dashboard --logdir ${shellWord(sweepDir)}`)}`,
      'Or on the HParams page of TensorBoard (pip install tensorboard):',
      `  tensorboard --logdir ${shellWord(sweepDir)}`,
    ].join('\n');
  }
}

function aboutRun({ name, trainDir, options }: PlacedRun) {
  return { name, trainDir, options };
}

function aboutEnded({ run, result }: EndedRun) {
  return { ...aboutRun(run), ...result };
}

function outcomeOf({ status, steps, validation, best, bestStep, imagesPerSecond }: SweepResult): string {
  if (status !== 'finished') return `${status} at step ${steps}`;
  const speed = imagesPerSecond === null ? '' : `, ${number(imagesPerSecond)} images/s`;
  const most = best === validation ? '' : ` (best ${best?.toFixed(3)} at step ${bestStep})`;
  return `validation precision @ 1 = ${validation?.toFixed(3)}${most}${speed}`;
}

/** The kinds of lines of a run that are printed if `--log-frequency` was given. */
const loggedKinds: readonly string[] = ['step', 'epoch', 'validation'];

/**
 * Returns a console for a run of a sweep. It prints the progress line, with the position of the run in the sweep, and warnings.
 * It prints the lines of `loggedKinds`, and the `step` events of `--json`, only if `isLogged`. It prints all other events.
 */
function consoleOfRun(console: Console, position: string, isLogged: boolean): Console {
  const line = (text: string, event?: JsonEvent, shorter?: string) => {
    if (event === undefined) return;
    if (isLogged && loggedKinds.includes(event.kind)) console.line(text, event, shorter);
    else if (event.kind !== 'step') console.event(event);
  };
  const prefix = `${position} · `;
  return {
    ...console,
    line,
    result: line,
    progress: (draw) =>
      console.progress(draw && ((columns) => prefix + draw(Math.max(0, columns - prefix.length)))),
  };
}

/** Estimates how much longer a sweep will take, from the images that its runs still need and the speed so far. */
class Estimate {
  /** The number of updates that each run still has to make. */
  readonly #left = new Map<PlacedRun, number>();
  #startedAt: number | undefined;
  #images = 0;
  /** The number of steps since the warm-up, or undefined before its end. */
  #steps: number | undefined;

  start(runs: readonly PlacedRun[]): void {
    for (const run of runs) if (run.result === undefined) this.#left.set(run, run.steps);
  }

  /** Counts a step. Returns the time left at the first step at which it is known, and undefined at all other steps. */
  step(run: PlacedRun, done: number): number | undefined {
    this.#left.set(run, Math.max(0, run.steps - done));
    const now = performance.now();
    if (this.#startedAt === undefined) this.#startedAt = now;
    else this.#images += run.batchSize;
    if (this.#steps !== undefined) return ++this.#steps === enoughSteps ? this.millisLeft : undefined;
    if (now - this.#startedAt < warmUpMillis) return undefined;
    // The speed is measured from here on, because the first steps of a process take longer.
    [this.#startedAt, this.#images, this.#steps] = [now, 0, 0];
    return undefined;
  }

  end(run: PlacedRun): void {
    this.#left.delete(run);
  }

  /** The estimated time left in milliseconds, or undefined while it is unknown. */
  get millisLeft(): number | undefined {
    if (this.#startedAt === undefined || this.#images === 0) return undefined;
    const images = [...this.#left].reduce((sum, [run, steps]) => sum + steps * run.batchSize, 0);
    return (images * (performance.now() - this.#startedAt)) / this.#images;
  }
}
