/** Prints a learning-rate range test: the progress line, the plot, the proposal, and the events for `--json`. */
import { command } from '../command.ts';
import type { LearningRateEvent } from '../run/learning-rate-search.ts';
import type { RangePoint } from '../training/learning-rate-range.ts';
import { counted } from '../wording.ts';
import type { Outcome } from './commands/context.ts';
import type { Console } from './console.ts';
import { preparationReporter } from './data-reporter.ts';
import type { TrainFlags } from './flag-table.ts';
import { givenWords } from './given-words.ts';
import { lossPlot } from './loss-plot.ts';
import { withBar } from './progress-line.ts';
import { describeEngine, startEvent } from './start-event.ts';

type EventOf<Kind extends LearningRateEvent['kind']> = Extract<LearningRateEvent, { readonly kind: Kind }>;

/** How far the plot extends above the first loss, as a fraction of the difference between the first and the lowest loss. Points
 * above that, where the training diverges, are omitted. */
const headroom = 0.5;

export class LearningRateReporter {
  readonly #console: Console;
  readonly #flags: TrainFlags;
  readonly #given: ReadonlySet<string>;
  readonly #prepare: ReturnType<typeof preparationReporter>;
  #steps = 0;
  #outcome: Outcome = 'stopped';

  constructor(console: Console, flags: TrainFlags, given: ReadonlySet<string>) {
    this.#console = console;
    this.#flags = flags;
    this.#given = given;
    this.#prepare = preparationReporter(console);
  }

  /** `stopped` if the test was stopped, `failed` if it proposed no learning rate, and `done` otherwise. */
  get outcome(): Outcome {
    return this.#outcome;
  }

  report(event: LearningRateEvent): void {
    switch (event.kind) {
      case 'start':
        this.#start(event);
        return;
      case 'point':
        this.#point(event);
        return;
      case 'end':
        this.#end(event);
        return;
      default:
        this.#prepare(event);
    }
  }

  #start({ run, steps }: EventOf<'start'>): void {
    this.#steps = steps;
    const { examples, batchSize, seed } = run;
    this.#console.progress(undefined);
    this.#console.line(
      `Trying learning rates in ${counted(steps, 'step')} on ${examples.dataset.title}, ${batchSize} images per step, ` +
        `seed ${seed}, with ${describeEngine(run)}`,
      startEvent(run),
    );
  }

  #point({ point }: EventOf<'point'>): void {
    const { step, learningRate, loss } = point;
    this.#console.event({ kind: 'learningRateStep', ...point });
    const text = `step ${step + 1} of ${this.#steps} · learning rate ${rate(learningRate)} · loss ${loss.toFixed(2)}`;
    this.#console.progress((columns) => withBar(text, (step + 1) / this.#steps, columns, 2));
  }

  #end({ points, learningRate, stopped }: EventOf<'end'>): void {
    this.#console.progress(undefined);
    this.#outcome = stopped ? 'stopped' : learningRate === undefined ? 'failed' : 'done';
    const plot = points.length === 0 ? '' : `${plotOf(points, learningRate)}\n\n`;
    this.#console.result(`${plot}${this.#proposal(learningRate, stopped)}`, {
      kind: 'learningRateFound',
      ...{ learningRate: learningRate ?? null, steps: points.length, stopped },
    });
    if (learningRate === undefined) return;
    const words = [
      givenWords(this.#flags, this.#given, ['findLearningRate']),
      `--learning-rate ${learningRate}`,
    ];
    this.#console.line(`To train with it:\n  ${command(`train ${words.join(' ').trim()}`)}`);
  }

  #proposal(learningRate: number | undefined, stopped: boolean): string {
    if (stopped) return 'Stopped; no learning rate is proposed';
    if (learningRate === undefined)
      return 'The loss did not fall at any learning rate, so none is proposed. Try a larger --batch-size or another --optimizer.';
    return `Proposed learning rate: ${learningRate}, a tenth of the rate with the lowest smoothed loss (marked with |)`;
  }
}

/** Formats a learning rate with three significant digits. */
function rate(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function plotOf(points: readonly RangePoint[], learningRate: number | undefined): string {
  const losses = points.map(({ smoothedLoss }) => smoothedLoss);
  const [first = 0, least] = [losses[0], Math.min(...losses)];
  const top = Math.min(Math.max(...losses), first + headroom * Math.max(first - least, 0.1));
  const curve = points.map((point) => ({ x: point.learningRate, y: point.smoothedLoss }));
  return `${lossPlot(curve, top, learningRate)}\n${' '.repeat(30)}learning rate`;
}
