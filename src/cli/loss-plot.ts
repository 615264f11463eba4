/** Draws a curve over a logarithmic axis, with characters that every terminal and every file supports. */

export interface PlotPoint {
  /** Greater than 0. */
  readonly x: number;
  readonly y: number;
}

const [plotColumns, plotRows] = [66, 14];
/** The width of the numbers on the vertical axis. */
const labelWidth = 7;

/**
 * Draws a plot with at most 80 columns: `*` for each point, `|` at the marked value, and powers of ten on the horizontal
 * axis.
 *
 * @param points at least one point, in ascending order of x
 * @param top the greatest y that is drawn; points above it are omitted
 * @param marked an x at which to draw a vertical line
 */
export function lossPlot(points: readonly PlotPoint[], top: number, marked?: number): string {
  const [first, last] = [points[0]?.x ?? 1, points.at(-1)?.x ?? 1];
  const [low, high] = [
    Math.floor(Math.log10(first)),
    Math.max(Math.ceil(Math.log10(last)), Math.log10(first) + 1),
  ];
  const shown = points.filter(({ y }) => y <= top);
  const bottom = shown.reduce((least, { y }) => Math.min(least, y), top);
  const column = (x: number) => Math.round(((Math.log10(x) - low) / (high - low)) * (plotColumns - 1));
  const row = (y: number) =>
    top === bottom ? plotRows - 1 : Math.round(((top - y) / (top - bottom)) * (plotRows - 1));
  const cells = Array.from({ length: plotRows }, () => Array.from({ length: plotColumns }, () => ' '));
  const draw = (at: number, line: readonly string[] | undefined, character: string) => {
    if (line !== undefined && at >= 0 && at < plotColumns) (line as string[])[at] = character;
  };
  if (marked !== undefined) for (const line of cells) draw(column(marked), line, '|');
  for (const { x, y } of shown) draw(column(x), cells[row(y)], '*');
  const label = (index: number) => {
    if (index % 4 !== 0 && index !== plotRows - 1) return '';
    return (top - ((top - bottom) * index) / (plotRows - 1)).toFixed(2);
  };
  const lines = cells.map((line, index) =>
    `${label(index).padStart(labelWidth)} | ${line.join('')}`.trimEnd(),
  );
  const axis = `${' '.repeat(labelWidth)} +-${'-'.repeat(plotColumns)}`;
  return ['loss'.padStart(labelWidth), ...lines, axis, decades(low, high, column)].join('\n');
}

/** Returns the line of labels below the horizontal axis: the powers of ten, each below its column. */
function decades(low: number, high: number, column: (x: number) => number): string {
  let text = '';
  for (let power = low; power <= high; power++) {
    const label = power >= -2 && power <= 2 ? String(10 ** power) : `1e${power}`;
    const at = labelWidth + 3 + column(10 ** power) - Math.floor(label.length / 2);
    if (at > text.length) text = text.padEnd(at) + label;
  }
  return text;
}
