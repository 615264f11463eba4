/** Formats the numbers of a report. */
import { percentage } from '../wording.ts';

/** A fraction with three digits, as `eval` prints it, or `–` if it is unknown. */
export function fraction(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '–';
}

/** A fraction such as `95.4%`, or `–` if it is unknown. */
export function percent(value: number): string {
  return Number.isFinite(value) ? percentage(value) : '–';
}

/** A fraction as a percentage without decimals, except for `<1%`. */
export function roundPercent(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value > 0 && value < 0.005 ? '<1%' : `${Math.round(value * 100)}%`;
}

/** A probability, which never appears as certain unless it is exactly 0 or 1. */
export function probability(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value > 0 && value < 0.0005) return '<0.1%';
  if (value < 1 && value >= 0.9995) return '>99.9%';
  return `${(value * 100).toFixed(1)}%`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A label of an axis: `0.001`, `1e-5`, `20k`. */
export function axisNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  if (size > 0 && size < 1e-4) return value.toExponential(0);
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(6)));
}
