// @ts-check
/**
 * Draws the curve of precision and training time from the points in bench/curve.json (tools/measure_curve.mjs):
 *
 *     npm run build && node tools/draw_curve.mjs                   writes docs/pictures/curve.svg
 *     node tools/draw_curve.mjs --points FILE --out FILE
 *
 * Every series, which is a program with its variant, recipe and batch size on a machine, has a color of its own. (The batch size of fast and
 * best follows from the length of a run, so it is only part of the tooltip.) A point is the mean of its
 * runs: precision @ 1 with test-time augmentation over the minutes of training, with a bar from the lowest to the highest precision if
 * there are several.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = new URL('../', import.meta.url);
const { values: flags } = parseArgs({
  options: {
    points: { type: 'string', default: fileURLToPath(new URL('bench/curve.json', root)) },
    out: { type: 'string', default: fileURLToPath(new URL('docs/pictures/curve.svg', root)) },
  },
});
/** @type {typeof import('../src/report/axis.ts')} */
const { linearAxis, logarithmicAxis } = await import(new URL('dist/report/axis.js', root).href);
/** @type {typeof import('../src/report/markup.ts')} */
const { markup, verbatim } = await import(new URL('dist/report/markup.js', root).href);

/** @type {{ points: readonly import('./measure_curve.mjs').CurvePoint[] }} */
const { points } = JSON.parse(readFileSync(flags.points, 'utf8'));
if (points.length === 0)
  throw new Error(`${flags.points} has no points; measure some with tools/measure_curve.mjs`);

const [width, left, right, top] = [760, 64, 20, 24];
/** Colors that people with color blindness can tell apart (M. Okabe, K. Ito, 2008), on light and dark pages. */
const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** @param {readonly number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** The recipes whose batch size follows from the length of a run, so that it does not make another series. */
const fitted = new Set(['fast', 'best']);
/** Names only mention the machine if there are several. */
const hasMachines = new Set(points.map(({ machine }) => machine)).size > 1;
const all = points.map(({ runs, program, variant, recipe, batchSize, machine, width: factor, epochs }) => {
  const precisions = runs.map(({ ttaPrecision }) => ttaPrecision);
  return {
    series: [
      program,
      variant,
      recipe,
      fitted.has(recipe) ? '' : `batches of ${batchSize}`,
      hasMachines ? machine : '',
    ]
      .filter((word) => word !== '')
      .join(', '),
    label: `${factor} × ${epochs}`,
    images: batchSize,
    minutes: meanOf(runs.map(({ seconds }) => seconds)) / 60,
    ...{ precision: meanOf(precisions), low: Math.min(...precisions), high: Math.max(...precisions) },
  };
});
const names = [...new Set(all.map(({ series }) => series))];
/** The axis and the names of the series are below the diagram. */
const bottom = 56 + 18 * names.length;
const height = 380 + bottom;
const minutes = all.map((point) => point.minutes);
const x = logarithmicAxis(Math.min(...minutes), Math.max(...minutes));
const y = linearAxis(Math.min(...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high)), 6);
const xOf = (/** @type {number} */ value) => left + x.place(value) * (width - left - right);
const yOf = (/** @type {number} */ value) => top + (1 - y.place(value)) * (height - top - bottom);

const grid = [
  ...y.ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${yOf(tick)}" y2="${yOf(tick)}"/><text x="${left - 8}" y="${yOf(tick) + 4}" text-anchor="end">${tick.toFixed(2)}</text>\n`,
  ),
  ...x.ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${xOf(tick)}" x2="${xOf(tick)}" y1="${top}" y2="${height - bottom}"/><text x="${xOf(tick)}" y="${height - bottom + 18}" text-anchor="middle">${String(tick)}</text>\n`,
  ),
];
/** Labels of neighboring series are on opposite sides of their points. */
const sides = [
  { x: 6, y: 14, anchor: 'start' },
  { x: -6, y: -8, anchor: 'end' },
];
const drawn = names.map((name, index) => {
  const side = sides[index % sides.length] ?? { x: 0, y: 0, anchor: 'start' };
  const color = colors[index % colors.length];
  const own = all.filter(({ series }) => series === name).sort((a, b) => a.minutes - b.minutes);
  const path = own.map(
    (point, at) =>
      `${at === 0 ? 'M' : 'L'}${xOf(point.minutes).toFixed(2)} ${yOf(point.precision).toFixed(2)}`,
  );
  const marks = own.map(
    ({ label, images, minutes: time, precision, low, high }) =>
      markup`<line stroke="${color}" x1="${xOf(time)}" x2="${xOf(time)}" y1="${yOf(low)}" y2="${yOf(high)}"/><circle fill="${color}" cx="${xOf(time)}" cy="${yOf(precision)}" r="4"><title>${`${label} epochs, batches of ${images}: ${precision.toFixed(4)} in ${time.toFixed(1)} minutes`}</title></circle><text class="small" x="${xOf(time) + side.x}" y="${yOf(precision) + side.y}" text-anchor="${side.anchor}">${label}</text>\n`,
  );
  const at = height - 10 - 18 * (names.length - 1 - index);
  const key = markup`<circle fill="${color}" cx="${left + 4}" cy="${at - 4}" r="4"/><text x="${left + 14}" y="${at}">${name}</text>`;
  return markup`<path fill="none" stroke="${color}" stroke-width="2" d="${path.join(' ')}"/>\n${marks}${key}\n`;
});
const description = all
  .map(
    ({ series, label, minutes: time, precision }) =>
      `${series}, ${label}: ${precision.toFixed(3)} in ${time.toFixed(1)} minutes`,
  )
  .join('; ');
const style = verbatim(`<style>
text { font: 13px system-ui, sans-serif; fill: #15181e; } .small { font-size: 11px; } .grid { stroke: #8884; }
svg { background: #fff; } @media (prefers-color-scheme: dark) { svg { background: #14171c; } text { fill: #eceff4; } }
</style>`);
const picture = markup`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc" xmlns="http://www.w3.org/2000/svg">
<title id="title">Precision by minutes of training</title><desc id="desc">${description}</desc>
${style}
${grid}<text x="${left + (width - left - right) / 2}" y="${height - bottom + 38}" text-anchor="middle">minutes of training</text>
<text x="${left}" y="14">precision @ 1 with test-time augmentation; points: width × epochs</text>
${drawn}</svg>
`;
writeFileSync(flags.out, picture.text);
console.log(`${flags.out}: ${all.length} points of ${names.length} series`);
