/** The line at the bottom of the terminal while something runs: how far, how fast, how long still. */
import { duration } from './console.ts';

/** What the line tells of a training. */
export interface Progress {
  /** Updates done, and in all. */
  readonly step: number;
  readonly maxSteps: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** Undefined as long as nothing can be said. */
  readonly millisLeft: number | undefined;
  /** Share of the time that was spent waiting for batches, 0 … 1. */
  readonly waiting: number;
}

/** As much as fits into the columns: the most useful comes first, the bar last. */
export function progressLine(progress: Progress, columns: number): string {
  const { step, maxSteps, loss, imagesPerSecond, millisLeft, waiting } = progress;
  const number = (value: number) => Math.round(value).toLocaleString('en-US');
  const parts = [
    `step ${number(step)} of ${number(maxSteps)}`,
    `loss ${loss.toFixed(2)}`,
    `${number(imagesPerSecond)} images/s`,
    millisLeft === undefined ? '' : `${duration(millisLeft)} left`,
    waiting >= 0.05 ? `waits ${Math.round(waiting * 100)}% for input` : '',
  ].filter((part) => part !== '');
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line} · ${part}`;
    if (longer.length > columns - 1) return line;
    line = longer;
  }
  const room = columns - 1 - line.length - 3;
  return room < 10 ? line : `${line}  ${bar(step / maxSteps, Math.min(room, 40))}`;
}

/** A text and a bar behind it, if there is room. */
export function withBar(text: string, share: number, columns: number): string {
  const room = columns - 1 - text.length - 1;
  return room < 10 ? text : `${text} ${bar(share, Math.min(room, 40))}`;
}

/** A bar of so many columns: full and empty cells. */
function bar(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return '█'.repeat(full) + '░'.repeat(columns - full);
}
