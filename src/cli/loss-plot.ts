/** Draws a curve over a logarithmic axis with the characters of every terminal and file. */

export interface PlotPoint {
  /** Above 0. */
  readonly x: number;
  readonly y: number;
}

const [plotColumns, plotRows] = [66, 14];
/** Width of the numbers at the vertical axis. */
const labelWidth = 7;

/**
 * A plot of at most 80 columns: `*` for each point, `|` at the marked value, decades at the horizontal axis.
 *
 * @param points in ascending order of x; at least one
 * @param top the greatest y that is drawn; what is higher is left out
 * @param marked an x to draw a line at
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

/** The powers of ten under the axis, each under its column. */
function decades(low: number, high: number, column: (x: number) => number): string {
  let text = '';
  for (let power = low; power <= high; power++) {
    const label = power >= -2 && power <= 2 ? String(10 ** power) : `1e${power}`;
    const at = labelWidth + 3 + column(10 ** power) - Math.floor(label.length / 2);
    if (at > text.length) text = text.padEnd(at) + label;
  }
  return text;
}
