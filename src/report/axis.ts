/** Scales of diagrams: which values have labels, and where values are drawn. */

export interface Axis {
  /** The values that have labels, in ascending order. */
  readonly ticks: readonly number[];
  readonly isLogarithmic: boolean;
  /** Returns the position of a value: 0 at the beginning of the axis, 1 at its end. */
  place(value: number): number;
}

/** Returns an axis whose ends are labeled, round values. */
export function linearAxis(low: number, high: number, labels = 5): Axis {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const step = roundStep(span / labels);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => tidy((first + index) * step));
  const [start, end] = [first * step, last * step];
  return { ticks, isLogarithmic: false, place: (value) => (value - start) / (end - start) };
}

/** Returns an axis whose range is exactly that of the values, with labels at round values within it. */
export function exactAxis(low: number, high: number, labels = 5): Axis {
  const { ticks } = linearAxis(low, high, labels);
  const span = high > low ? high - low : 1;
  return {
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    isLogarithmic: false,
    place: (value) => (value - low) / span,
  };
}

/** Returns a logarithmic axis for positive values, with labels at powers of ten, or at 1, 2 and 5 times these. */
export function logarithmicAxis(low: number, high: number): Axis {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.max(1, last - first);
  const factors = decades > 3 ? [1] : [1, 2, 5];
  const step = Math.ceil(decades / 6);
  const powers = Array.from({ length: decades + 1 }, (_, index) => first + index);
  const all = powers
    .filter((power) => (power - first) % step === 0)
    .flatMap((power) => factors.map((factor) => tidy(factor * 10 ** power)));
  const start = all.findLast((tick) => tick <= low) ?? low;
  const end = all.find((tick) => tick >= high) ?? high;
  const span = Math.log(end / start) || 1;
  return {
    ticks: all.filter((tick) => tick >= start && tick <= end),
    isLogarithmic: true,
    place: (value) => Math.log(value / start) / span,
  };
}

/** Whether a logarithmic axis shows more: the values are positive, and the largest is at least ten times the lower quartile. */
export function isBetterLogarithmic(values: readonly number[]): boolean {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, quartile] = [sorted[0] ?? 0, sorted[Math.floor(sorted.length / 4)] ?? 0];
  return least > 0 && (sorted.at(-1) ?? 0) >= 10 * quartile;
}

/** Returns 1, 2 or 5 times a power of ten that is at least as large as the value, for a positive value. */
function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Removes rounding errors such as that of 0.1 + 0.2. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
