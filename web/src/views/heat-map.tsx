/** Histograms over time as a heat map: steps from left to right, values from bottom to top, and a stronger color where more values are. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Range } from '../../../src/dashboard/page/axis-range.ts';
import { formatTick, formatValue, formatWhole } from '../../../src/dashboard/page/format.ts';
import { quantile, rowShares } from '../../../src/dashboard/page/histogram-grid.ts';
import type { HistogramAtStep } from '../../../src/dashboard/wire.ts';
import { useWidth } from '../charts/visible.ts';
import { useStore } from '../store.ts';
import { cssColor, theme } from '../theme.ts';

const height = 300;
const rowHeight = 3;

interface HeatMapProps {
  readonly tag: string;
  readonly histograms: readonly HistogramAtStep[];
  readonly range: Range;
  readonly index: number;
  readonly onChoose: (index: number) => void;
}

export function HeatMap({ tag, histograms, range, index, onChoose }: HeatMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(box);
  const shade = useStore(theme);
  const [hover, setHover] = useState<{ readonly at: number; readonly value: number }>();
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, width, histograms, range, index);
  }, [width, histograms, range.low, range.high, index, shade]);
  const place = ({ offsetX, offsetY }: MouseEvent) => ({
    at: Math.min(histograms.length - 1, Math.max(0, Math.floor((offsetX / width) * histograms.length))),
    value: range.high - (offsetY / height) * (range.high - range.low),
  });
  const [first, last] = [histograms[0], histograms.at(-1)];
  const pointed = hover === undefined ? undefined : histograms[hover.at];
  return (
    <figure class="heat-map">
      <figcaption>
        {tag}
        <span class="muted" role="status">
          {pointed !== undefined && hover !== undefined
            ? `step ${formatWhole(pointed.step)}, values about ${formatValue(hover.value)}`
            : 'stronger: more values; lines: 5%, median, 95%'}
        </span>
      </figcaption>
      <div class="heat-axis" aria-hidden="true">
        <span>{formatTick(Number(range.high.toPrecision(3)))}</span>
        <span>{formatTick(Number(((range.high + range.low) / 2).toPrecision(2)))}</span>
        <span>{formatTick(Number(range.low.toPrecision(3)))}</span>
      </div>
      <div ref={box} class="heat-box">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Histograms of ${tag} from step ${formatWhole(first?.step ?? null)} to ${formatWhole(last?.step ?? null)}, values from ${formatValue(range.low)} to ${formatValue(range.high)}. The slider shows each step.`}
          onMouseMove={(event) => setHover(place(event))}
          onMouseLeave={() => setHover(undefined)}
          onClick={(event) => onChoose(place(event).at)}
        />
      </div>
      <div class="heat-steps" aria-hidden="true">
        <span>step {formatWhole(first?.step ?? null)}</span>
        <span>{formatWhole(last?.step ?? null)}</span>
      </div>
    </figure>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  histograms: readonly HistogramAtStep[],
  range: Range,
  chosen: number,
): void {
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  const rows = height / rowHeight;
  const columns = histograms.map((histogram) => rowShares(histogram, range, rows));
  const most = columns.reduce((largest, shares) => Math.max(largest, ...shares), 0) || 1;
  const left = (column: number) => Math.round((column / columns.length) * width);
  context.fillStyle = cssColor('--accent');
  columns.forEach((shares, column) => {
    shares.forEach((share, row) => {
      // A root shows small shares too.
      context.globalAlpha = Math.sqrt(share / most);
      if (share > 0)
        context.fillRect(
          left(column),
          height - (row + 1) * rowHeight,
          left(column + 1) - left(column),
          rowHeight,
        );
    });
  });
  context.globalAlpha = 1;
  context.strokeStyle = cssColor('--ink');
  for (const fraction of [0.05, 0.5, 0.95]) {
    context.lineWidth = fraction === 0.5 ? 1.5 : 0.75;
    context.beginPath();
    histograms.forEach((histogram, column) => {
      const value = quantile(histogram, fraction);
      if (value === undefined) return;
      const y = height - ((value - range.low) / (range.high - range.low)) * height;
      context.lineTo((left(column) + left(column + 1)) / 2, y);
    });
    context.stroke();
  }
  context.lineWidth = 1.5;
  context.strokeRect(
    left(chosen) + 0.75,
    0.75,
    Math.max(1, left(chosen + 1) - left(chosen) - 1.5),
    height - 1.5,
  );
}
