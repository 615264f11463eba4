/** Tests the tool that draws the curve of precision and training time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { elements, parsePage, textIn } from '../testing/report-pages.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-curve-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const tool = fileURLToPath(new URL('../../tools/draw_curve.mjs', import.meta.url));

function drawn(points: readonly object[]) {
  const [file, out] = [join(folder, 'points.json'), join(folder, 'curve.svg')];
  writeFileSync(file, JSON.stringify({ points }));
  const { status, stderr } = spawnSync(process.execPath, [tool, '--points', file, '--out', out], {
    encoding: 'utf8',
  });
  return { status, stderr, read: () => readFileSync(out, 'utf8') };
}

/** A point of two runs, whose precision is 0.01 lower and higher than `precision`. */
function point(program: string, width: number, minutes: number, precision: number) {
  const runs = [-0.01, 0.01].map((off, seed) => ({
    ...{ seed, precision: 0.5, ttaPrecision: precision + off, seconds: minutes * 60 * (1 + off) },
  }));
  return { program, variant: '', recipe: 'airbench', width, epochs: 3, batchSize: 512, machine: '', runs };
}

test('the curve has a mark for every point, at its mean, and a name for every series', () => {
  const { status, stderr, read } = drawn([
    point('cifar10', 1, 10, 0.92),
    point('cifar10', 0.5, 1, 0.82),
    point('PyTorch', 0.5, 2, 0.82),
  ]);
  assert.equal(status, 0, stderr);
  const page = parsePage(`<!DOCTYPE html>\n${read()}`);
  const marks = elements(page, 'circle').filter(({ children }) => children.length > 0);
  assert.deepEqual(
    marks.map((mark) => textIn(mark)),
    [
      '0.5 × 3 epochs: 0.8200 in 1.0 minutes',
      '1 × 3 epochs: 0.9200 in 10.0 minutes',
      '0.5 × 3 epochs: 0.8200 in 2.0 minutes',
    ],
  );
  const [first, second, third] = marks.map(({ attributes }) =>
    [attributes['cx'], attributes['cy']].map(Number),
  );
  assert.ok((first?.[0] ?? 0) < (third?.[0] ?? 0) && (third?.[0] ?? 0) < (second?.[0] ?? 0));
  assert.equal(first?.[1], third?.[1]);
  assert.ok((second?.[1] ?? 0) < (first?.[1] ?? 0), 'a higher precision is further up');
  const names = elements(page, 'text').map(textIn);
  for (const name of ['cifar10, airbench', 'PyTorch, airbench']) assert.ok(names.includes(name), name);
});

test('a file without points is refused', () => {
  const { status, stderr } = drawn([]);
  assert.equal(status, 1);
  assert.match(stderr, /has no points; measure some with tools\/measure_curve\.mjs/);
});
