/** Reduces a curve to few points without losing its extremes. */
import type { Curve } from '../wire.ts';
import type { Points } from './series.ts';

/**
 * Returns the indices of at most `most` points in ascending order. The first and the last point are kept. The points between
 * them are divided into intervals of equal numbers of points, and each interval keeps its smallest and its largest value. An
 * interval without finite values keeps its first point; an infinite value or NaN is kept in the place of the smaller extreme,
 * so that it stays visible.
 * @param most at least 4
 */
export function decimated({ values }: Pick<Points, 'values'>, most: number): readonly number[] {
  const count = values.length;
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const intervals = Math.floor((most - 2) / 2);
  const kept = [0];
  for (let interval = 0; interval < intervals; interval++) {
    const from = 1 + Math.floor((interval * (count - 2)) / intervals);
    const to = 1 + Math.floor(((interval + 1) * (count - 2)) / intervals);
    kept.push(...extremesIn(values, from, to));
  }
  kept.push(count - 1);
  return kept;
}

/** Returns one or two indices from `from` up to, but not including, `to`. */
function extremesIn(values: Float64Array, from: number, to: number): readonly number[] {
  let [least, largest, bad] = [-1, -1, -1];
  for (let at = from; at < to; at++) {
    const value = values[at] as number;
    if (value - value !== 0) {
      if (bad < 0) bad = at;
      continue;
    }
    if (least < 0 || value < (values[least] as number)) least = at;
    if (largest < 0 || value > (values[largest] as number)) largest = at;
  }
  const found = bad < 0 ? [least, largest] : [bad, largest];
  const [a = -1, b = -1] = found.toSorted((x, y) => x - y);
  return a < 0 || a === b ? [b] : [a, b];
}

/** Returns some points of a curve as JSON represents them. */
export function curveOf({ steps, times, values }: Points, indices: readonly number[]): Curve {
  return {
    steps: indices.map((index) => steps[index] ?? 0),
    times: indices.map((index) => rounded(times[index] ?? 0)),
    values: indices.map((index) => finiteOrNull(values[index] ?? Number.NaN)),
  };
}

/** Milliseconds are enough to draw, and make the text shorter. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
