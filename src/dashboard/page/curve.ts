/** Curves as lists of points: new points, the points of a range, fewer points. */
import type { Curve } from '../wire.ts';

export const emptyCurve: Curve = { steps: [], times: [], values: [] };

/** Returns the index of the first element that is not smaller than a value, in an ascending list. */
export function lowerBound(list: ArrayLike<number>, value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the index of the element that is closest to a value, or -1 in an empty list. */
export function nearestIndex(list: ArrayLike<number>, value: number): number {
  const after = lowerBound(list, value);
  const [left, right] = [list[after - 1], list[after]];
  if (right === undefined) return list.length - 1;
  return left !== undefined && value - left <= right - value ? after - 1 : after;
}

/** Times are rounded to milliseconds on their way. */
const timeAccuracy = 0.001;

/** Returns a curve with points that were written after it, in the order in which they were written. Points that it has already are left
 * out: those that have neither a later step nor a later time than its last point. Steps may repeat or go back, as in the files of a
 * program that began again. */
export function appended(curve: Curve, added: Curve): Curve {
  const lastStep = curve.steps.at(-1) ?? Number.NEGATIVE_INFINITY;
  const lastTime = (curve.times.at(-1) ?? Number.NEGATIVE_INFINITY) + timeAccuracy;
  const first = added.steps.findIndex((step, at) => step > lastStep || (added.times[at] ?? 0) > lastTime);
  if (first < 0) return curve;
  return {
    steps: [...curve.steps, ...added.steps.slice(first)],
    times: [...curve.times, ...added.times.slice(first)],
    values: [...curve.values, ...added.values.slice(first)],
  };
}

/** Returns a line with its points in ascending order of x. Points with the same x keep their order. */
export function ascending({ x, y }: Line): Line {
  if (x.every((value, at) => at === 0 || value >= (x[at - 1] ?? value))) return { x, y };
  const order = [...x.keys()].sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0));
  return { x: order.map((at) => x[at] ?? 0), y: order.map((at) => y[at] ?? null) };
}

/** Reads the points of `scalars/TAG.bin`: all steps, all times and all values, as little-endian float64.
 * @throws RangeError if the number of bytes is not that of whole points */
export function curveOfBytes(buffer: ArrayBuffer): Curve {
  const count = buffer.byteLength / 24;
  if (!Number.isInteger(count)) throw new RangeError(`${buffer.byteLength} bytes are not 24 for each point`);
  const view = new DataView(buffer);
  const list = (part: number) =>
    Array.from({ length: count }, (_, at) => view.getFloat64(8 * (part * count + at), true));
  const values = list(2).map((value) => (Number.isFinite(value) ? value : null));
  return { steps: list(0), times: list(1), values };
}

/** A line to draw: x in ascending order. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** Returns the points of a range, and one more on each side, so that the line reaches the edges. */
export function within({ x, y }: Line, low: number, high: number): Line {
  const first = Math.max(0, lowerBound(x, low) - 1);
  let end = lowerBound(x, high);
  while (end < x.length && (x[end] ?? 0) <= high) end++;
  end = Math.min(x.length, end + 1);
  return first === 0 && end === x.length ? { x, y } : { x: x.slice(first, end), y: y.slice(first, end) };
}

/** Returns a line of at most `most` points with the first, the last, and the extremes of intervals with equal numbers of
 * points. A gap stays a gap. */
export function reduced({ x, y }: Line, most: number): Line {
  if (x.length <= most) return { x, y };
  const intervals = Math.max(1, Math.floor((most - 2) / 2));
  const edge = (interval: number) => 1 + Math.round((interval * (x.length - 2)) / intervals);
  const kept = [0];
  for (let interval = 0; interval < intervals; interval++) {
    const [begin, end] = [edge(interval), edge(interval + 1)];
    let [least, greatest] = [begin, begin];
    for (let at = begin; at < end; at++) {
      // A gap takes the place of the smallest value.
      if (y[least] !== null && (y[at] === null || below(y, at, least))) least = at;
      if (below(y, greatest, at)) greatest = at;
    }
    kept.push(...(least === greatest ? [least] : [Math.min(least, greatest), Math.max(least, greatest)]));
  }
  kept.push(x.length - 1);
  return { x: kept.map((at) => x[at] ?? 0), y: kept.map((at) => y[at] ?? null) };
}

/** Whether one value is smaller than another. A missing value is neither, but any value replaces it. */
function below(y: readonly (number | null)[], one: number, other: number): boolean {
  const [a, b] = [y[one], y[other]];
  if (a === null || a === undefined) return b === null ? false : b === undefined;
  return b === null || b === undefined || a < b;
}

/** Returns a curve with at most `most` points, as `reduced` chooses them. */
export function reducedCurve({ steps, times, values }: Curve, most: number): Curve {
  const { x } = reduced({ x: steps.map((_, index) => index), y: values }, most);
  const chosen = <T>(list: readonly T[]) => x.flatMap((index) => list.slice(index, index + 1));
  return { steps: chosen(steps), times: chosen(times), values: chosen(values) };
}
