import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lossPlot } from './loss-plot.ts';
import { widthOf } from './width.ts';

const points = Array.from({ length: 100 }, (_, index) => ({
  x: 1e-7 * 1e8 ** (index / 99),
  y: 5 - index / 50,
}));

test('a plot fits 80 columns in ASCII, with a logarithmic axis and the marked value', () => {
  const lines = lossPlot(points, 5, 0.001).split('\n');
  assert.ok(lines.every((line) => widthOf(line) <= 80 && /^[ -~]*$/.test(line)));
  // With a logarithmic axis, this line falls by the same number of columns in every row.
  const columns = lines.flatMap((line) => (line.includes('*') ? [line.indexOf('*')] : []));
  const falls = columns.slice(2, -1).map((column, index) => column - (columns[index + 1] ?? 0));
  assert.ok(Math.max(...falls) - Math.min(...falls) <= 2, falls.join());
  const axis = lines.at(-1) ?? '';
  assert.ok(axis.trim().startsWith('1e-7') && axis.endsWith('10'));
  const marked = (lines[1] ?? '').lastIndexOf('|');
  assert.ok(Math.abs(marked - (axis.indexOf('1e-3') + 2)) <= 1);
});

test('points above the top are omitted, and a single point or a constant loss can be drawn', () => {
  assert.equal(
    lossPlot([...points, { x: 9.9, y: 1e9 }], 5).split('*').length,
    lossPlot(points, 5).split('*').length,
  );
  assert.equal(lossPlot([{ x: 0.1, y: 2 }], 2).split('*').length, 2);
  assert.ok(
    lossPlot(
      points.map(({ x }) => ({ x, y: 3 })),
      3,
    ).includes('*'),
  );
});
