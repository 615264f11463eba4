/** Prints the measurements of a benchmark as lines and tables, and as events for `--json` and `--out`. */
import type { Measurement, Side } from '../bench/measurement.ts';
import { spread } from '../bench/statistics.ts';
import type { MissingVariant } from '../bench/variants.ts';
import {
  completeRunLine,
  missingLine,
  profileTables,
  progressLine,
  runsLine,
  sideTable,
  stepTable,
} from './bench-tables.ts';
import type { Console, JsonEvent } from './console.ts';
import { inFlags } from './option-flags.ts';

type MeasurementOf<Kind extends Measurement['kind']> = Extract<Measurement, { readonly kind: Kind }>;

export class BenchReporter {
  readonly #console: Console;
  readonly #results: JsonEvent[] = [];
  readonly #missing: MissingVariant[] = [];
  #hasFailedRuns = false;

  constructor(console: Console) {
    this.#console = console;
  }

  /** The events of the measurements reported so far, for `--out`. */
  get results(): readonly JsonEvent[] {
    return this.#results;
  }

  /** Whether some complete runs have failed. */
  get hasFailedRuns(): boolean {
    return this.#hasFailedRuns;
  }

  report(measurement: Measurement): void {
    switch (measurement.kind) {
      case 'benchMachine':
        this.#add(`${measurement.machine}; ${measurement.versions}`, { ...measurement });
        return;
      case 'benchMissing':
        this.#missing.push(measurement);
        this.#add(missingLine(measurement), { ...measurement });
        return;
      case 'failed':
        this.#console.warn(`not measured: ${measurement.title}: ${measurement.why}`);
        return;
      case 'benchProfile':
        this.#profile(measurement);
        return;
      case 'benchRoof':
        this.#add(`roof of ${measurement.title}: ${(measurement.flopPerSecond / 1e9).toFixed(0)} GFLOP/s`, {
          ...measurement,
        });
        return;
      case 'benchSteps':
        this.#add(`\n${stepTable(measurement.rows, this.#missing)}`, { ...measurement });
        return;
      case 'benchInput':
        this.#add(`\ninput: ${whole(measurement.imagesPerSecond)} distorted images/s on one core`, {
          ...measurement,
        });
        return;
      case 'benchEvaluation':
        this.#add(`evaluation, ${measurement.title}: ${whole(measurement.imagesPerSecond)} images/s`, {
          ...measurement,
        });
        return;
      case 'running':
        this.#console.progress(() => `a run with ${measurement.title} …`);
        return;
      case 'runProgress':
        this.#console.progress(() => progressLine(measurement));
        return;
      case 'benchCompleteRun':
        this.#add(completeRunLine(measurement), { ...measurement });
        return;
      case 'warning':
        this.#console.warn(inFlags(measurement.message));
        return;
      case 'failedRun':
        this.#hasFailedRuns = true;
        this.#console.warn(`seed ${measurement.seed}: ${inFlags(measurement.why)}`);
        return;
      case 'benchRuns':
        this.#add(`\n${runsLine(measurement)}`, { ...measurement });
        return;
      case 'benchRun':
        this.#run(measurement);
        return;
      case 'benchOurs':
        this.#ours(measurement);
        return;
      case 'benchPeers':
        this.#peers(measurement);
        return;
      case 'benchRatio':
        this.#ratio(measurement);
        return;
    }
  }

  #add(text: string, event: JsonEvent): void {
    this.#results.push(event);
    this.#console.result(text, event);
  }

  #profile({ kind, title, batchSize, sums }: MeasurementOf<'benchProfile'>): void {
    const heading = `\n${title}, batch ${batchSize}: ${sums.millis.toFixed(1)} ms in total`;
    this.#add(`${heading}\n\n${profileTables(sums)}`, { kind, title, ...sums });
  }

  #run(measurement: MeasurementOf<'benchRun'>): void {
    const { title, steps, firstStepSeconds, imagesPerSecond, earlyPeakBytes, peakBytes } = measurement;
    const memory = `${megabytes(peakBytes)} MB (${megabytes(earlyPeakBytes)} MB after a tenth)`;
    this.#add(
      `run of ${steps} steps, ${title}: first step after ${firstStepSeconds.toFixed(2)} s, ` +
        `${whole(imagesPerSecond)} images/s, peak memory ${memory}`,
      { ...measurement },
    );
  }

  #ours({ kind, batchSize, rounds }: MeasurementOf<'benchOurs'>): void {
    this.#add(`\n${sideTable(`ours, batch ${batchSize}`, rounds)}`, { kind, rounds: rounds.map(ratesOf) });
  }

  #peers({ kind, command, rounds }: MeasurementOf<'benchPeers'>): void {
    this.#add(`\n${sideTable(command, rounds)}`, { kind, command, rounds: rounds.map(ratesOf) });
  }

  #ratio(measurement: MeasurementOf<'benchRatio'>): void {
    const { median, fastest, slowest } = spread(measurement.ratios);
    const range = `${fastest.toFixed(2)} … ${slowest.toFixed(2)}`;
    const rounds = `median of the ratios in ${measurement.ratios.length} rounds, range ${range}`;
    this.#add(`\n${measurement.precision}: our best is ${median.toFixed(2)} × the peer's best (${rounds})`, {
      ...measurement,
    });
  }
}

const whole = (value: number) => value.toFixed(0);
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

/** Returns the images per second of each variant. */
function ratesOf(side: Side): Readonly<Record<string, number>> {
  return Object.fromEntries([...side].map(([name, { imagesPerSecond }]) => [name, imagesPerSecond]));
}
