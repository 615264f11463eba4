/** The chart of one tag with the curves of several runs. It is drawn when it comes near the screen. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { formatValue, formatWhole } from '../../../src/dashboard/page/format.ts';
import { titleOf } from '../../../src/dashboard/page/tags.ts';
import { useStore } from '../store.ts';
import { theme } from '../theme.ts';
import { drawSoon } from './draw-queue.ts';
import { Hover, type HoverRow, hoverRows } from './hover.tsx';
import { type ChartCurve, layout, lineOf } from './lines.ts';
import { type ChartOptions, changeOptions } from './options.ts';
import { makePlot, show } from './plot.ts';
import { useVisible, useWidth } from './visible.ts';
import { useWholeCurves } from './whole-curves.ts';

const height = 210;
const mostRawLines = 12;

interface ChartProps {
  readonly tag: string;
  readonly curves: readonly ChartCurve[];
  readonly options: ChartOptions;
}

export function Chart({ tag, curves, options }: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const isVisible = useVisible(element);
  const width = useWidth(element);
  const shade = useStore(theme);
  const [pointer, setPointer] = useState<{ readonly left: number; readonly top: number }>();
  const { smoothing, isLog, horizontal, range } = options;
  // An overview has the extremes of its intervals, whose means are not those of all points.
  const whole = useWholeCurves(tag, curves, isVisible && (range !== undefined || smoothing > 0));
  const isSmoothed = smoothing > 0;
  const hasRaw = isSmoothed && curves.length <= mostRawLines;
  const lines = useMemo(
    () => (isVisible ? curves.map((curve) => lineOf(curve, whole.get(curve.id), options)) : []),
    [isVisible, curves, whole, smoothing, horizontal],
  );
  const drawn = useMemo(() => layout(lines, options, Math.max(100, width)), [lines, isLog, range, width]);
  const colors = curves.map(({ color }) => color);
  const isDrawable = drawn !== undefined && width > 0;
  /** uPlot is made again only when one of these changes. */
  const kind = isDrawable ? JSON.stringify([colors, hasRaw, isLog, horizontal, width, shade]) : '';
  const made = useRef('');

  useEffect(() => {
    if (!isVisible || drawn === undefined) return;
    return drawSoon(() => {
      if (element.current === null) return;
      if (made.current === kind && plot.current !== null) {
        show(plot.current, drawn, hasRaw);
        return;
      }
      plot.current?.destroy();
      made.current = kind;
      plot.current = makePlot(element.current, {
        ...{ width, height, colors, hasRaw, isLog, horizontal, layout: drawn },
        onSelect: changeOptions.range,
        onReset: () => changeOptions.range(undefined),
        onPoint: (left, top) => setPointer(left === undefined ? undefined : { left, top }),
      });
    });
  }, [isVisible, drawn, kind]);
  useEffect(() => () => plot.current?.destroy(), []);

  const current = plot.current;
  const x = pointer === undefined || current === null ? undefined : current.posToVal(pointer.left, 'x');
  const reach = drawn === undefined ? 0 : (drawn.x.high - drawn.x.low) / 10;
  const rows = x === undefined ? [] : hoverRows(lines, x, reach);
  return (
    <figure class="chart">
      <figcaption title={tag}>{titleOf(tag)}</figcaption>
      <div
        class="plot"
        ref={element}
        role="slider"
        aria-label={describe(tag, curves)}
        aria-valuemin={Math.floor(drawn?.x.low ?? 0)}
        aria-valuemax={Math.ceil(drawn?.x.high ?? 0)}
        aria-valuenow={Math.round(x ?? drawn?.x.low ?? 0)}
        aria-valuetext={x === undefined ? 'no position' : spoken(rows, x)}
        tabIndex={0}
        onKeyDown={(event) => moveCursor(event, plot.current)}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      >
        {isVisible && lines.length > 0 && drawn === undefined && (
          <p class="message">{isLog ? 'No positive values in this range' : 'No values in this range'}</p>
        )}
      </div>
      {pointer !== undefined && x !== undefined && rows.length > 0 && current !== null && (
        <Hover
          {...{ rows, x, isSmoothed, horizontal }}
          y={current.posToVal(pointer.top, 'y')}
          place={placeOf(element.current, rows.length)}
        />
      )}
    </figure>
  );
}

/** Where the values do not hide the curves and are on the screen. */
function placeOf(plot: HTMLElement | null, rows: number): 'above' | 'below' {
  const bottom = plot?.getBoundingClientRect().bottom ?? 0;
  return bottom + 60 + 18 * Math.min(13, rows) > innerHeight ? 'above' : 'below';
}

/** Describes the chart for people who do not see it. */
function describe(tag: string, curves: readonly ChartCurve[]): string {
  const ends = curves.slice(0, 5).map(({ label, curve: { steps, values } }) => {
    return `${label}: ${formatValue(values.at(-1))} at step ${formatWhole(steps.at(-1) ?? null)}`;
  });
  const more = curves.length > 5 ? `, and ${curves.length - 5} more runs` : '';
  return `${tag}. ${ends.join(', ')}${more}. Arrow keys read values, + and - zoom, Escape resets the zoom.`;
}

/** The values at the cursor in words, for the first runs. */
function spoken(rows: readonly HoverRow[], x: number): string {
  const values = rows.slice(0, 5).map(({ line, value }) => `${line.curve.label} ${formatValue(value)}`);
  return `at ${formatWhole(x)}: ${values.join(', ') || 'no values'}`;
}

/** Moves the cursor by arrow keys, zooms with + and -, and resets the zoom with Escape. */
function moveCursor(event: KeyboardEvent, plot: uPlot | null): void {
  if (plot === null) return;
  if (event.key === 'Escape') {
    changeOptions.range(undefined);
    return;
  }
  if (event.key === '+' || event.key === '-') {
    zoom(plot, event.key === '+' ? 0.5 : 2);
    return;
  }
  const { width } = plot.over.getBoundingClientRect();
  const moves: Readonly<Record<string, (left: number) => number>> = {
    ArrowLeft: (left) => left - width / 50,
    ArrowRight: (left) => left + width / 50,
    Home: () => 0,
    End: () => width - 1,
  };
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  const { left = -1 } = plot.cursor;
  plot.setCursor({ left: Math.min(width - 1, Math.max(0, move(left < 0 ? width / 2 : left))), top: 10 });
}

/** Changes the range that all charts show, around the cursor. */
function zoom(plot: uPlot, factor: number): void {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  const { left = -1 } = plot.cursor;
  const [low, high] = [min ?? 0, max ?? 0];
  const center = left < 0 ? (low + high) / 2 : plot.posToVal(left, 'x');
  changeOptions.range({ low: center - (center - low) * factor, high: center + (high - center) * factor });
}
