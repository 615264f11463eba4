/** The ranges of the axes of charts. */
import type { Line } from './curve.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

export type Horizontal = 'step' | 'relative' | 'wall';

/** Returns the range of x of some lines, or undefined if they have no points. */
export function rangeOfX(lines: readonly Line[]): Range | undefined {
  const ends = lines.flatMap(({ x }) => [x[0], x.at(-1)]).filter((end) => end !== undefined);
  if (ends.length === 0) return undefined;
  return widened({ low: Math.min(...ends), high: Math.max(...ends) }, 0);
}

/** Returns the range of y of the points of some lines within a range of x, with a margin. A logarithmic range has only positive
 * values. It is undefined if no value can be shown. */
export function rangeOfY(lines: readonly Line[], { low, high }: Range, isLog: boolean): Range | undefined {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x, y } of lines) {
    x.forEach((at, index) => {
      const value = y[index] ?? null;
      if (value === null || at < low || at > high || (isLog && value <= 0)) return;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    });
  }
  if (least > greatest) return undefined;
  if (!isLog) return widened({ low: least, high: greatest }, 0.06);
  const factor = greatest > least ? (greatest / least) ** 0.06 : 2;
  return { low: least / factor, high: greatest * factor };
}

function widened({ low, high }: Range, share: number): Range {
  if (high > low) return { low: low - (high - low) * share, high: high + (high - low) * share };
  const room = Math.abs(low) * 0.1 || 1;
  return { low: low - room, high: high + room };
}

/** Parses a range in an address, such as `100:2000`. Anything else is no range. */
export function parseRange(text: string | undefined): Range | undefined {
  const [low, high] = (text ?? '').split(':').map((part) => (part === '' ? Number.NaN : Number(part)));
  if (low === undefined || high === undefined || !Number.isFinite(low) || !(high > low)) return undefined;
  return Number.isFinite(high) ? { low, high } : undefined;
}

export function formatRange({ low, high }: Range): string {
  return `${Number(low.toPrecision(12))}:${Number(high.toPrecision(12))}`;
}
