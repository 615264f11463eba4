/** Formats measurements as tables. */
import type { CompleteRun, Measurement, Side, StepRow } from '../bench/measurement.ts';
import type { ProfileSums, Share } from '../bench/profile.ts';
import type { MissingVariant } from '../bench/variants.ts';
import type { MeanDeviation } from '../run/mean-deviation.ts';
import { duration } from './console.ts';
import { inFlags } from './option-flags.ts';
import { table } from './table.ts';

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

/** A note that is printed below tables with ratios. The variants are measured alternately, and each round yields one ratio. */
export const ratioNote: string =
  'Ratios are medians over the rounds, so they may differ from the quotients of the medians shown.';

/** Returns a table for one batch size, with one line per variant and ratios to the first line. Variants that could not be
 * measured are listed below the table. */
export function stepTable(rows: readonly StepRow[], missing: readonly MissingVariant[]): string {
  const body = rows.map(({ title, millis, imagesPerSecond, shareOfRoof, timesFirst }) => [
    title,
    millis.median.toFixed(1),
    `${millis.fastest.toFixed(1)} … ${millis.slowest.toFixed(1)}`,
    whole(imagesPerSecond),
    percent(shareOfRoof),
    `${timesFirst.toFixed(2)} ×`,
  ]);
  const head = [`step of ${rows[0]?.batchSize ?? 0}`, 'ms', 'range', 'images/s', 'of roof', 'ratio'];
  const absent = missing.map((one) => `${one.title}  ${unavailable(one)}`);
  const note = rows.length < 2 ? [] : [ratioNote];
  return [table([head, ...body]), ...absent, ...note].join('\n');
}

type MeasurementOf<Kind extends Measurement['kind']> = Extract<Measurement, { readonly kind: Kind }>;

/** Returns the progress line of a complete run. */
export function progressLine({ seed, runs, step, steps, millisLeft }: MeasurementOf<'runProgress'>): string {
  const left = step < 10 ? '' : `, about ${duration(millisLeft)} left`;
  return `run ${seed + 1} of ${runs} · step ${whole(step)} of ${whole(steps)}${left}`;
}

/** Returns the line of a complete run that was scored. */
export function completeRunLine({
  seed,
  correct,
  total,
  precision,
  tta,
  ttaPrecision,
  seconds,
  imagesPerSecond,
}: CompleteRun): string {
  const score = `precision @ 1 = ${precision.toFixed(4)} (${whole(correct)} of ${whole(total)})`;
  const second = ttaPrecision === undefined ? '' : `, with --tta ${tta} ${ttaPrecision.toFixed(4)}`;
  return `seed ${seed}: ${score}${second}, ${seconds.toFixed(1)} s of training, ${whole(imagesPerSecond)} images/s`;
}

/** Returns the statistics of complete runs. */
export function runsLine({ runs, requested, ...means }: MeasurementOf<'benchRuns'>): string {
  const spread = ({ mean, deviation }: MeanDeviation, digits: number) =>
    deviation === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
  const second = means.ttaPrecision === undefined ? '' : `, with --tta ${spread(means.ttaPrecision, 4)}`;
  const count = runs === requested ? `${runs}` : `${runs} (of ${requested})`;
  return [
    `n = ${count}, mean ± standard deviation: precision @ 1 = ${spread(means.precision, 4)}${second}, ` +
      `${spread(means.seconds, 1)} s of training, ${spread(means.imagesPerSecond, 0)} images/s`,
    'The time is that of the training steps, including input, without warm-up, checkpoints and evaluation.',
  ].join('\n');
}

/** Returns a line that says why a variant was not measured. */
export function missingLine(missing: MissingVariant): string {
  return `${missing.title}: ${unavailable(missing)}: ${inFlags(missing.why)}`;
}

function unavailable({ verdict }: MissingVariant): string {
  return verdict === 'impossible' ? 'not available on this CPU' : 'not available here';
}

/** Returns tables of the time by operator, by layer and by kind of data movement, and of the slowest parts. */
export function profileTables({ millis, operators, layers, moves, longest }: ProfileSums): string {
  const sum = (shares: readonly Share[]) => shares.reduce((total, share) => total + share.millis, 0);
  const part = (title: string, shares: readonly Share[]) =>
    table([
      [title, 'ms', 'share', 'calls'],
      ...shares.map((share) => [
        share.what,
        share.millis.toFixed(2),
        percent(share.millis / millis),
        String(share.calls),
      ]),
    ]);
  const moved =
    `${moves.reduce((count, { calls }) => count + calls, 0)} calls that only move tensors: ` +
    `${sum(moves).toFixed(2)} ms, ${((100 * sum(moves)) / millis).toFixed(1)}% of the step`;
  const worth = (shares: readonly Share[]) => shares.filter((share) => share.millis >= millis / 500);
  return [
    part('operator', worth(operators)),
    part('layer', worth(layers)),
    part('longest', longest),
    moved,
    ...(moves.length > 0 ? [part('moved', moves)] : []),
  ].join('\n\n');
}

/** Returns a table of the images per second of one program, with one row per variant and one column per round. */
export function sideTable(title: string, rounds: readonly Side[]): string {
  const names = [...new Set(rounds.flatMap((side) => [...side.keys()]))];
  const head = [title, ...rounds.map((_, round) => `images/s, round ${round + 1}`)];
  const rows = names.map((name) => [
    name,
    ...rounds.map((side) => side.get(name)?.imagesPerSecond.toFixed(0) ?? '-'),
  ]);
  return table([head, ...rows]);
}
