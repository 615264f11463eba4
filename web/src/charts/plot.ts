/** One uPlot chart, with a line for each run, each with its own points (uPlot's mode 2). */
import uPlot from 'uplot';
import type { Horizontal, Range } from '../../../src/dashboard/page/axis-range.ts';
import type { Line } from '../../../src/dashboard/page/curve.ts';
import { formatDuration, formatTick } from '../../../src/dashboard/page/format.ts';
import { colorCount } from '../../../src/dashboard/page/shown-runs.ts';
import { cssColor } from '../theme.ts';
import type { Layout } from './lines.ts';
import { drawMarks } from './marks.ts';
import { followTouches } from './touch.ts';

export interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly colors: readonly number[];
  /** Whether pale lines show the values before smoothing. */
  readonly hasRaw: boolean;
  readonly isLog: boolean;
  readonly horizontal: Horizontal;
  readonly layout: Layout;
  readonly onSelect: (range: Range) => void;
  readonly onReset: () => void;
  /** Called with the position of the pointer, or undefined when it leaves. */
  readonly onPoint: (left: number | undefined, top: number) => void;
}

const paths = uPlot.paths.linear?.();

export function makePlot(element: HTMLElement, options: PlotOptions): uPlot {
  const { width, height, isLog, horizontal, layout } = options;
  const [line, muted] = [cssColor('--line'), cssColor('--muted')];
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  let isBuilt = false;
  const plot = new uPlot(
    {
      mode: 2,
      width,
      height,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            options.onReset();
            return null;
          },
        },
      },
      scales: {
        x: { time: horizontal === 'wall', range: (_, low, high) => [low, high] },
        y: { distr: isLog ? 3 : 1, range: (_, low, high) => [low, high] },
      },
      axes: [
        { ...axis, size: 26, gap: 4, space: 56, ...horizontalLabels(horizontal) },
        {
          ...axis,
          size: 52,
          gap: 4,
          space: 28,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? null : formatTick(tick))),
        },
      ],
      series: [{}, ...seriesOf(options)],
      hooks: {
        draw: [(plot) => drawAllMarks(plot, options)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            options.onSelect({ low: plot.posToVal(left, 'x'), high: plot.posToVal(left + width, 'x') });
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        setCursor: [
          ({ cursor: { left = -1, top = 0 } }) => {
            if (isBuilt) options.onPoint(left < 0 ? undefined : left, top);
          },
        ],
      },
    },
    dataOf(layout, options.hasRaw),
    element,
  );
  show(plot, layout, options.hasRaw);
  followTouches(plot, options.onSelect);
  isBuilt = true;
  return plot;
}

function drawAllMarks(plot: uPlot, { colors, hasRaw }: PlotOptions): void {
  const lines = linesOf(plot).slice(1 + (hasRaw ? colors.length : 0));
  colors.forEach((color, index) => {
    const [x, y] = lines[index] ?? [];
    if (x !== undefined && y !== undefined) drawMarks(plot, { x, y }, seriesColor(color));
  });
}

function seriesColor(color: number): string {
  return cssColor(`--series-${color % colorCount}`);
}

/** Draws other points, or another range. */
export function show(plot: uPlot, layout: Layout, hasRaw: boolean): void {
  plot.batch(() => {
    plot.setData(dataOf(layout, hasRaw), false);
    plot.setScale('x', { min: layout.x.low, max: layout.x.high });
    plot.setScale('y', { min: layout.y.low, max: layout.y.high });
  });
}

function seriesOf({ colors, hasRaw }: PlotOptions): uPlot.Series[] {
  const facets = [
    { scale: 'x', auto: false },
    { scale: 'y', auto: false },
  ];
  const series = (color: number, isRaw: boolean): uPlot.Series => ({
    facets,
    stroke: seriesColor(color),
    width: isRaw ? 1 : 1.5,
    alpha: isRaw ? 0.25 : 1,
    ...(color >= colorCount && { dash: dashes[Math.floor(color / colorCount) % dashes.length] ?? [] }),
    ...(paths !== undefined && { paths }),
    points: { show: false },
  });
  const raw = hasRaw ? colors.map((color) => series(color, true)) : [];
  return [...raw, ...colors.map((color) => series(color, false))];
}

const dashes: readonly number[][] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** uPlot's types only describe its mode 1, in which all lines have the same x. */
function dataOf({ drawn }: Layout, hasRaw: boolean): uPlot.AlignedData {
  const raw = hasRaw ? drawn.map(({ raw: { x, y } }) => [x, y]) : [];
  return [null, ...raw, ...drawn.map(({ shown: { x, y } }) => [x, y])] as unknown as uPlot.AlignedData;
}

/** The data of a chart as `dataOf` made them. */
function linesOf({ data }: uPlot): readonly (readonly [Line['x'], Line['y']])[] {
  return data as unknown as readonly (readonly [Line['x'], Line['y']])[];
}

function horizontalLabels(horizontal: Horizontal): uPlot.Axis {
  if (horizontal === 'wall') return {};
  const text = horizontal === 'relative' ? formatDuration : formatTick;
  return { values: (_, ticks) => ticks.map((tick) => (tick === null ? null : text(tick))) };
}
