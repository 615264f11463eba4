import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fastestTowers, measured, type StepConditions, type StepTimes } from './fastest-towers.ts';

const conditions: StepConditions = { network: 'net', engine: 'onnx', precision: 'float32', threads: 4 };
const times = (entries: readonly (readonly [number, number])[]): readonly StepTimes[] => [
  { ...conditions, millis: new Map(entries) },
];

test('the fastest number of towers is chosen if it is clearly faster than one', () => {
  const chosen = (...entries: readonly (readonly [number, number])[]) =>
    fastestTowers(conditions, times(entries));
  assert.equal(chosen([1, 50], [2, 44], [4, 40]), 4);
  assert.equal(chosen([1, 50], [2, 40], [4, 44]), 2);
  assert.equal(chosen([1, 50], [2, 46], [4, 48]), 1, 'a difference within the noise');
  assert.equal(chosen([1, 50], [2, 60], [4, 70]), 1);
});

test('one tower is used under conditions that were not measured', () => {
  const table = times([
    [1, 50],
    [2, 20],
  ]);
  assert.equal(fastestTowers(conditions, table), 2);
  for (const other of [{ network: 'other' }, { engine: 'onednn' }, { precision: 'bfloat16' }, { threads: 2 }])
    assert.equal(fastestTowers({ ...conditions, ...(other as Partial<StepConditions>) }, table), 1);
});

test('the measurements are those of bench/RESULTS.md', () => {
  const page = readFileSync(new URL('../../bench/RESULTS.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| median time of a step \|.* × 1 thread \|\n.*\n((?:\|.*\n)+)/.exec(page) ?? [];
  const cells = table
    .replaceAll(/[`*]| ms/g, '')
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    measured.map(({ network, engine, precision, millis }) => {
      return `${network} on ${engine}, ${precision} | ${millis.get(1)?.toFixed(1)} | ${millis.get(2)?.toFixed(1)}`;
    }),
    cells.map((row) =>
      row
        .replaceAll(/^\| | \|$/g, '')
        .split(' | ')
        .toSpliced(1, 1)
        .join(' | '),
    ),
  );
});
