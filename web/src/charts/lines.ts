/** The lines of a chart, from the curves of its runs. */
import { type Horizontal, type Range, rangeOfX, rangeOfY } from '../../../src/dashboard/page/axis-range.ts';
import { appended, ascending, type Line, reduced, within } from '../../../src/dashboard/page/curve.ts';
import { smoothed, weightFor } from '../../../src/dashboard/page/smooth.ts';
import type { Curve } from '../../../src/dashboard/wire.ts';
import type { ChartOptions } from './options.ts';

export interface ChartCurve {
  readonly id: string;
  readonly label: string;
  /** The number of its color. */
  readonly color: number;
  readonly curve: Curve;
  /** The number of points of the whole curve. */
  readonly count: number;
}

/** A line with its values before smoothing. */
export interface ChartLine {
  readonly curve: ChartCurve;
  readonly shown: Line;
  readonly raw: Line;
}

export function lineOf(
  curve: ChartCurve,
  whole: Curve | undefined,
  { smoothing, horizontal }: ChartOptions,
): ChartLine {
  const points = whole === undefined ? curve.curve : appended(whole, curve.curve);
  const { x, y: values } = ascending({ x: horizontalOf(points, horizontal), y: points.values });
  // An overview has the extremes of its intervals, whose means are not those of all points: it is not smoothed.
  if (whole === undefined && curve.count > curve.curve.steps.length)
    return { curve, shown: { x, y: values }, raw: { x, y: values } };
  const ratio = points.steps.length / Math.max(1, curve.curve.steps.length);
  const y = smoothed(values, weightFor(smoothing, ratio));
  return { curve, shown: { x, y }, raw: { x, y: values } };
}

function horizontalOf({ steps, times }: Curve, horizontal: Horizontal): readonly number[] {
  if (horizontal === 'step') return steps;
  const [start = 0] = times;
  return horizontal === 'wall' ? times : times.map((time) => time - start);
}

export interface Layout {
  readonly x: Range;
  readonly y: Range;
  /** What to draw, for each line: the shown values, and the raw ones if they differ. */
  readonly drawn: readonly { readonly shown: Line; readonly raw: Line }[];
}

/** The most points that a chart draws, and the least of each line: a hundred long lines would take longer than a frame. */
const [mostDrawn, leastOfLine] = [30_000, 200];

/** Returns what a chart draws with a number of pixels, or undefined if there is nothing in the range. */
export function layout(
  lines: readonly ChartLine[],
  options: ChartOptions,
  pixels: number,
): Layout | undefined {
  const { isLog, range } = options;
  const x = range ?? rangeOfX(lines.map(({ shown }) => shown));
  if (x === undefined) return undefined;
  const most = Math.min(2 * pixels, Math.max(leastOfLine, Math.floor(mostDrawn / lines.length)));
  const cut = (line: Line) => positive(reduced(within(line, x.low, x.high), most), isLog);
  const drawn = lines.map(({ shown, raw }) => {
    const line = cut(shown);
    return { shown: line, raw: shown.y === raw.y ? line : cut(raw) };
  });
  const y = rangeOfY(
    drawn.map(({ shown }) => shown),
    x,
    isLog,
  );
  return y === undefined ? undefined : { x, y, drawn };
}

function positive({ x, y }: Line, isLog: boolean): Line {
  return isLog ? { x, y: y.map((value) => (value !== null && value > 0 ? value : null)) } : { x, y };
}
