/** Prints predictions: as a table on a terminal, as lines otherwise, and with `--csv` and `--json` for other programs. */

import type { PredictionEvent } from '../predict/predict.ts';
import { counted, oneLine } from '../wording.ts';
import { type Console, duration } from './console.ts';
import { deviceEvent, deviceLines } from './device-lines.ts';
import type { PredictFlags } from './flag-table.ts';
import { csvFormat, lineFormat, type PredictionFormat, tableFormat } from './prediction-formats.ts';
import { scoringLine } from './progress-line.ts';
import { describeCompute } from './start-event.ts';

const weightNames = { ema: 'moving averages', raw: 'raw weights' } as const;
/** The minimum time between two redraws of the progress line. */
const redrawMillis = 100;
/** If there are fewer pictures, their number per second says nothing. */
const fewPictures = 100;
/** The number of ignored files that are named. */
const mostNamed = 3;

const count = (value: number) => Math.round(value).toLocaleString('en-US');

type EventOf<Kind extends PredictionEvent['kind']> = Extract<PredictionEvent, { readonly kind: Kind }>;

export class PredictReporter {
  readonly #console: Console;
  readonly #flags: PredictFlags;
  readonly #started: number = performance.now();
  /** The first files that were ignored. */
  readonly #ignored: string[] = [];
  #format: PredictionFormat = lineFormat;
  /** The number of pictures, and of those that were classified or could not be read. */
  #all = 0;
  #done = 0;
  #from = 0;
  #drawnAt = 0;
  #isComplete = true;

  constructor(console: Console, flags: PredictFlags) {
    this.#console = console;
    this.#flags = flags;
  }

  /** Whether all pictures were classified so far. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  report(event: PredictionEvent): void {
    switch (event.kind) {
      case 'warning':
        this.#console.warn(event.message);
        return;
      case 'device':
        this.#line(deviceLines(event), deviceEvent(event));
        return;
      case 'model':
        this.#model(event);
        return;
      case 'prediction':
        this.#print(this.#format.row(event), { ...event });
        this.#progress();
        return;
      case 'unreadable':
        this.#unreadable(event);
        return;
      case 'ignored':
        if (this.#ignored.length < mostNamed) this.#ignored.push(`${oneLine(event.path)} (${event.reason})`);
        this.#console.event({ ...event });
        return;
      case 'end':
        this.#end(event);
        return;
    }
  }

  #model({ model, names }: EventOf<'model'>): void {
    const { csv, topK } = this.#flags;
    const { path, kind, globalStep, recipe, weights, classes, engine } = model;
    this.#all = names.length;
    this.#from = performance.now();
    const shown = { classes, names, topK: Math.min(topK, classes.length), columns: this.#console.columns() };
    if (csv) this.#format = csvFormat(shown);
    else if (this.#console.isTerminal) this.#format = tableFormat(shown);
    const step = `step ${count(globalStep)}, ${weightNames[weights]}`;
    this.#line(
      `Classifying ${counted(names.length, 'picture')} with ${oneLine(path)} (${step}), on ${engine.library} ` +
        `(${describeCompute(engine.device, engine.threads)})`,
      {
        kind: 'predicting',
        ...{ pictures: names.length, checkpoint: path, format: kind, globalStep, recipe, weights, classes },
        ...{ engine: engine.library, device: engine.device, threads: engine.threads },
      },
    );
    if (this.#format.head !== undefined) this.#console.data(this.#format.head);
  }

  #unreadable({ kind, path, reason }: EventOf<'unreadable'>): void {
    this.#isComplete = false;
    if (this.#flags.json) this.#console.event({ kind, path, reason });
    else this.#console.warn(`${oneLine(path)}: ${reason}`);
    this.#progress();
  }

  /** Prints a prediction. */
  #print(text: string, event: EventOf<'prediction'>): void {
    if (this.#flags.csv) this.#console.data(text);
    else this.#console.result(text, { ...event });
  }

  #progress(): void {
    this.#done++;
    const now = performance.now();
    if (this.#done === this.#all || now - this.#drawnAt < redrawMillis) return;
    this.#drawnAt = now;
    const progress = { done: this.#done, all: this.#all, millis: now - this.#from };
    this.#console.progress((columns) => scoringLine(progress, columns, 'pictures'));
  }

  #end({ pictures, unreadable, ignored, stopped }: EventOf<'end'>): void {
    this.#console.progress(undefined);
    const seconds = (performance.now() - this.#started) / 1e3;
    const of = stopped ? ` of ${count(this.#all)}` : '';
    this.#line(
      `${stopped ? 'Stopped' : 'Done'}: ${count(pictures)}${of} ${pictures === 1 && !stopped ? 'picture' : 'pictures'} in ` +
        `${duration(seconds * 1e3)}${this.#rate(pictures / seconds)}${this.#ignoredText(ignored)}`,
      { kind: 'predicted', pictures, unreadable, ignored, seconds, stopped },
    );
    if (unreadable > 0 && !this.#flags.json)
      this.#console.warn(
        `${counted(unreadable, 'picture')} could not be classified; the reason is given above`,
      );
  }

  /** The speed, unless most of the time was needed to start. */
  #rate(perSecond: number): string {
    return this.#all < fewPictures ? '' : `, ${count(perSecond)} pictures/s`;
  }

  #ignoredText(all: number): string {
    if (all === 0) return '';
    const files = counted(all, 'file that is not a picture', 'files that are not pictures');
    return `. Ignored ${files}: ${this.#ignored.join(', ')}${all > mostNamed ? ', …' : ''}`;
  }

  /** Prints a line that is not a result. With `--csv`, standard output contains nothing but the table. */
  #line(text: string, event: Parameters<Console['event']>[0]): void {
    if (!this.#flags.csv) this.#console.line(text, event);
  }
}
