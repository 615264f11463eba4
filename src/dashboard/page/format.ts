/** Formats numbers and times for people. */

/** Formats a value of a curve with about four digits: `0.9123`, `12,340`, `1.23e-7`. */
export function formatValue(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7))
    return value.toExponential(2).replace('e+', 'e').replace('-', '−');
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 4;
  return grouped(value, Number.isInteger(value) ? 0 : digits).replace('-', '−');
}

/** By the number of digits after the point. Making a format takes much longer than using it. */
const formats = [0, 1, 2, 3, 4].map(
  (digits) =>
    new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

function grouped(value: number, digits: number): string {
  return formats[digits]?.format(value) ?? String(value);
}

export function formatWhole(value: number | null): string {
  return value === null ? '–' : grouped(Math.round(value), 0);
}

export function formatPercent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(digits)}%` : '–';
}

/** Formats a duration with its two largest units: `3 s`, `2 min 5 s`, `1 h 20 min`, `2 d 3 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  if (seconds < 1) return `${Number(Math.max(0, seconds).toFixed(2))} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    if (parts.length === 2) break;
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length === 1) break;
    rest -= count * size;
  }
  return parts.join(' ');
}

/** Formats how long ago something was: `just now`, `5 min ago`. */
export function formatAgo(time: number | null, now: number): string {
  if (time === null) return '–';
  const seconds = now - time;
  if (seconds < 10) return 'just now';
  return `${formatDuration(seconds).split(' ').slice(0, 2).join(' ')} ago`;
}

/** Formats the label of a tick with as few digits as necessary: `2k`, `0.5`, `1e-5`. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e9 || size < 1e-4) return value.toExponential().replace('e+', 'e').replaceAll('-', '−');
  const [divisor, unit] = size >= 1e6 ? [1e6, 'M'] : size >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / divisor).toPrecision(6))}${unit}`.replace('-', '−');
}
