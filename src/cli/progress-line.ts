/** The progress line at the bottom of the terminal: progress, speed and time left. */
import { duration } from './console.ts';
import { widthOf } from './width.ts';

/** The progress of a training run. */
export interface Progress {
  /** The number of updates made so far. */
  readonly step: number;
  /** The number of updates in total. */
  readonly maxSteps: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** The estimated time left, or undefined while it is unknown. */
  readonly millisLeft: number | undefined;
  /** The fraction of the time that was spent waiting for batches, 0 … 1. */
  readonly waiting: number;
  /** The current activity, if it is not a training step, such as `saving`. */
  readonly busy?: string;
}

const number = (value: number) => Math.round(value).toLocaleString('en-US');
const left = (millis: number | undefined) => (millis === undefined ? '' : `${duration(millis)} left`);

/** Returns as much of the progress as fits into the columns. The most useful parts are kept longest, and the bar is dropped
 * first. */
export function progressLine(progress: Progress, columns: number): string {
  const { step, maxSteps, loss, imagesPerSecond, millisLeft, waiting, busy = '' } = progress;
  const line = fitting(
    [
      [`step ${number(step)} of ${number(maxSteps)}`, 0],
      [Number.isNaN(loss) ? '' : `loss ${loss.toFixed(2)}`, 3],
      [Number.isNaN(imagesPerSecond) ? '' : `${number(imagesPerSecond)} images/s`, 4],
      [left(millisLeft), 2],
      [busy, 1],
      [waiting >= 0.05 ? `waits ${Math.round(waiting * 100)}% for input` : '', 5],
    ],
    columns,
  );
  return withBar(line, step / maxSteps, columns, 2);
}

/** Returns the progress line of an evaluation, with the number of images scored so far and in total.
 * @param what what is counted */
export function scoringLine(
  { done, all, millis }: { readonly done: number; readonly all: number; readonly millis: number },
  columns: number,
  what: string = 'images',
): string {
  const line = fitting(
    [
      [`${number(done)} of ${number(all)} ${what}`, 0],
      [`${number((done / millis) * 1e3)} ${what}/s`, 2],
      [left((millis / done) * (all - done)), 1],
    ],
    columns,
  );
  return withBar(line, done / all, columns, 2);
}

/** Joins the parts that fit, in the given order. The part with the lowest rank is dropped last. */
function fitting(parts: readonly (readonly [text: string, rank: number])[], columns: number): string {
  let kept: typeof parts = [];
  const line = (of: typeof parts) =>
    parts
      .filter((part) => of.includes(part))
      .map(([text]) => text)
      .join(' · ');
  for (const part of [...parts].sort(([, a], [, b]) => a - b)) {
    if (part[0] !== '' && widthOf(line([...kept, part])) < columns) kept = [...kept, part];
  }
  return line(kept);
}

/** Returns the text, followed by a bar if there is room for one. */
export function withBar(text: string, share: number, columns: number, gap = 1): string {
  const room = columns - 1 - widthOf(text) - gap;
  return room < 10 ? text : `${text}${' '.repeat(gap)}${bar(share, Math.min(room, 40))}`;
}

/** Returns a bar of the given width, made of full and empty cells. */
function bar(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return '█'.repeat(full) + '░'.repeat(columns - full);
}
