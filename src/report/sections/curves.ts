/** The loss, the learning rate and the precision during training. */
import { type Axis, exactAxis, isBetterLogarithmic, linearAxis, logarithmicAxis } from '../axis.ts';
import { figure, table } from '../figure.ts';
import { type Content, type Markup, markup } from '../markup.ts';
import { axisNumber, whole } from '../numbers.ts';
import type { CurvePoint, ReportData, RunCurves } from '../report-data.ts';
import type { Section } from '../sections.ts';

export const curvesSection: Section = { id: 'curves', title: 'Training', contents };

interface Line {
  /** The class of the line, which determines its color. */
  readonly kind: 'raw' | 'smooth' | 'rate' | 'validation' | 'evaluations';
  readonly title: string;
  readonly points: readonly CurvePoint[];
}

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  readonly caption: string;
}

function chartsOf(curves: RunCurves): readonly Chart[] {
  const charts: readonly Chart[] = [
    {
      ...{ id: 'loss', title: 'Loss' },
      lines: [
        { kind: 'raw', title: 'of single batches', points: curves.loss },
        { kind: 'smooth', title: 'running average', points: curves.averagedLoss },
      ],
      caption: 'Total loss on the training batches, and its running average (decay 0.9 per step).',
    },
    {
      ...{ id: 'learning-rate', title: 'Learning rate' },
      lines: [{ kind: 'rate', title: 'learning rate', points: curves.learningRate }],
      caption: 'Learning rate of the steps.',
    },
    {
      ...{ id: 'precision', title: 'Precision @ 1' },
      lines: [
        { kind: 'validation', title: 'held-out images', points: curves.validation },
        { kind: 'evaluations', title: 'the images of this report', points: curves.evaluations },
      ],
      caption:
        'Precision @ 1 during training on held-out images, and in evaluations on the images of this report.',
    },
  ];
  // A curve needs two points.
  return charts.filter(({ lines }) => lines.some(({ points }) => points.length > 1));
}

function contents({ curves, globalStep }: ReportData): Markup {
  const charts = chartsOf(curves);
  if (charts.length === 0)
    return markup`<p>No curves: up to step ${whole(globalStep)}, the run has recorded no values, or has recorded them only once. Training
records values in <code>metrics.jsonl</code> every 100 steps, or as <code>--summary-steps</code> says.</p>`;
  return markup`<p>The curves end at step ${whole(globalStep)}, at which the checkpoint was written.</p>
<div class="charts">
${charts.map((chart) => draw(chart, globalStep))}</div>`;
}

const [width, height, left, right, top, bottom] = [520, 280, 56, 16, 30, 42];

function draw(chart: Chart, lastStep: number): Markup {
  const lines = chart.lines.filter(({ points }) => points.length > 0);
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const [low, high] = rangeOf(values);
  const y = isBetterLogarithmic(values)
    ? logarithmicAxis(low, high)
    : linearAxis(startsAtZero(low, high) ? 0 : low, high);
  const x = exactAxis(0, lastStep);
  return figure({
    ...{ id: `chart-${chart.id}`, title: chart.title, description: describe(chart.title, lines) },
    ...{ width, height },
    drawing: [heading(chart.title), grid(x, y), lines.map((line) => curve(line, x, y)), legend(lines)],
    numbers: pointTable(chart.title, lines),
    caption: y.isLogarithmic ? `${chart.caption} Logarithmic scale.` : chart.caption,
  });
}

/** Whether a linear axis from 0 shows these values well, too. */
function startsAtZero(low: number, high: number): boolean {
  return low >= 0 && (low <= high / 2 || low === high);
}

function describe(title: string, lines: readonly Line[]): string {
  const parts = lines.map(({ title: line, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${line}: ${axisNumber(first?.value ?? 0)} at step ${whole(first?.step ?? 0)}, ${axisNumber(last?.value ?? 0)} at step ${whole(last?.step ?? 0)}`;
  });
  return `${title} by step. ${parts.join('; ')}.`;
}

/** The number of points of each line in a table. */
const pointsInTable = 10;

/** Some points of each line, at about equal distances, with the first and the last one. */
function pointTable(title: string, lines: readonly Line[]): Markup {
  const rows = lines.flatMap(({ title: line, points }) => {
    const gaps = Math.min(points.length, pointsInTable) - 1;
    const indices = Array.from({ length: gaps + 1 }, (_, index) =>
      Math.round((index * (points.length - 1)) / Math.max(1, gaps)),
    );
    return indices.flatMap((index) => {
      const point = points[index];
      return point === undefined
        ? []
        : [[line, whole(point.step), String(Number(point.value.toPrecision(4)))]];
    });
  });
  const columns = [{ head: 'curve' }, { head: 'step', isNumber: true }, { head: 'value', isNumber: true }];
  return table(`${title}: points of the curves`, columns, rows);
}

const xOf = (axis: Axis, step: number) => left + axis.place(step) * (width - left - right);
const yOf = (axis: Axis, value: number) => top + (1 - axis.place(value)) * (height - top - bottom);

function grid(x: Axis, y: Axis): Content {
  return [
    y.ticks.map((tick) => {
      const at = yOf(y, tick);
      return markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 6}" y="${at + 4}" text-anchor="end">${axisNumber(tick)}</text>`;
    }),
    x.ticks.map(
      (tick) =>
        markup`<line class="grid" x1="${xOf(x, tick)}" x2="${xOf(x, tick)}" y1="${height - bottom}" y2="${height - bottom + 4}"/><text class="tick" x="${xOf(x, tick)}" y="${height - bottom + 17}" text-anchor="middle">${axisNumber(tick)}</text>`,
    ),
    markup`<text class="axis" x="${left + (width - left - right) / 2}" y="${height - 6}" text-anchor="middle">step</text>`,
  ];
}

/** The number of points up to which each of them is marked. */
const mostMarked = 40;

function curve({ kind, points }: Line, x: Axis, y: Axis): Markup {
  const places = thinned(points).map(({ step, value }) => [xOf(x, step), yOf(y, value)] as const);
  const path = places.map(([at, level], index) => markup`${index === 0 ? 'M' : 'L'}${at} ${level}`);
  const marks =
    points.length <= mostMarked
      ? places.map(([at, level]) => markup`<circle class="mark ${kind}" cx="${at}" cy="${level}" r="2.5"/>`)
      : undefined;
  return markup`<path class="line ${kind}" d="${path}"/>${marks}`;
}

function heading(title: string): Markup {
  return markup`<text class="head" x="${left}" y="16">${title}</text>`;
}

function legend(lines: readonly Line[]): Content {
  if (lines.length < 2) return undefined;
  return lines.map(({ kind, title }, index) => {
    const at = left + 126 + index * 156;
    return markup`<line class="line ${kind}" x1="${at}" x2="${at + 22}" y1="12" y2="12"/><text class="label" font-size="12" x="${at + 28}" y="16">${title}</text>`;
  });
}

/** The number of groups in which points are thinned out, two points each. */
const groups = 400;

/** Returns at most 800 points of a curve. The lowest and the highest of each group of neighbors are kept, so that peaks remain
 * visible. */
export function thinned(points: readonly CurvePoint[]): readonly CurvePoint[] {
  if (points.length <= 2 * groups) return points;
  return Array.from({ length: groups }, (_, group) => {
    const start = Math.floor((group * points.length) / groups);
    const end = Math.floor(((group + 1) * points.length) / groups);
    const some = points.slice(start, end).toSorted((a, b) => a.value - b.value);
    const both = [some[0], some.at(-1)].filter((point) => point !== undefined);
    return both.toSorted((a, b) => a.step - b.step);
  }).flat();
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  return [
    values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
}
