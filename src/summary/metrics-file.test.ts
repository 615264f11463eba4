import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunError } from '../errors.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { fullDisk } from '../testing/full-disk.ts';
import type { SummaryValue } from './event.ts';
import { MetricsFile } from './metrics-file.ts';

const loss = (value: number): SummaryValue => ({ kind: 'scalar', tag: 'loss', value });
const failing = (error: RunError) => assert.fail(error);
const textOf = (dir: string) => readFileSync(join(dir, 'metrics.jsonl'), 'utf8');

/** Returns the steps and losses of the lines. Every line must be complete. */
function linesOf(dir: string): readonly (readonly [step: unknown, loss: unknown])[] {
  const text = textOf(dir);
  assert.ok(text.endsWith('\n'), text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .map((fields) => [fields['step'], fields['loss']]);
}

test('a line contains the time, the step and every scalar under its tag, but no other values', () =>
  inTemporaryFolder(async (dir) => {
    const metrics = new MetricsFile(dir, 0, failing);
    metrics.add(7, [
      loss(0.5),
      { kind: 'scalar', tag: 'learning_rate', value: 0.1 },
      { kind: 'image', tag: 'image', image: { width: 1, height: 1, channels: 1, png: new Uint8Array(1) } },
    ]);
    metrics.add(8, []);
    const { time, ...fields } = JSON.parse(textOf(dir)) as Readonly<Record<string, unknown>>;
    assert.deepEqual(fields, { step: 7, loss: 0.5, learning_rate: 0.1 });
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000, String(time));
  }));

test('a resumed run removes the lines of its first step and later ones, and an incomplete last line', () =>
  inTemporaryFolder(async (dir) => {
    const killed = new MetricsFile(dir, 0, failing);
    for (const step of [0, 2, 4, 6]) killed.add(step, [loss(1)]);
    appendFileSync(join(dir, 'metrics.jsonl'), '{"time":"2026-01-01T00:00:00.000Z","step":1');
    const resumed = new MetricsFile(dir, 4, failing);
    assert.deepEqual(linesOf(dir), [
      [0, 1],
      [2, 1],
    ]);
    resumed.add(4, [loss(2)]);
    assert.deepEqual(linesOf(dir), [
      [0, 1],
      [2, 1],
      [4, 2],
    ]);
    assert.deepEqual(readdirSync(dir), ['metrics.jsonl']);
  }));

test('a last line that lacks only its newline is kept and completed', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, 'metrics.jsonl'), '{"step":0,"loss":1}\n{"step":1,"loss":1}');
    new MetricsFile(dir, 2, failing).add(2, [loss(2)]);
    assert.deepEqual(linesOf(dir), [
      [0, 1],
      [1, 1],
      [2, 2],
    ]);
  }));

test('without a first step only an incomplete line is removed', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, 'metrics.jsonl'), '{"step":9,"loss":1}\n{"step":');
    new MetricsFile(dir, undefined, failing).add(3, [loss(2)]);
    assert.deepEqual(linesOf(dir), [
      [9, 1],
      [3, 2],
    ]);
  }));

test('a full disk is reported once and leaves no incomplete line, and buffered lines are written when there is room again', (context) =>
  fullDisk(context, '64k', async ({ dir, fill, free }) => {
    const errors: RunError[] = [];
    const metrics = new MetricsFile(dir, 0, (error) => errors.push(error));
    metrics.add(0, [loss(1)]);
    fill();
    // These lines need more than the remaining space of the block that the file already has.
    for (let step = 1; step <= 200; step++) metrics.add(step, [loss(1)]);
    assert.equal(errors.length, 1);
    assert.match(
      errors[0]?.message ?? '',
      /metrics\.jsonl: metrics cannot be written \(ENOSPC.*the disk has room/,
    );
    const before = linesOf(dir).length;
    assert.ok(before < 201, `${before} lines`);
    free();
    metrics.flush();
    assert.deepEqual(
      linesOf(dir).map(([step]) => step),
      Array.from({ length: 201 }, (_, step) => step),
    );
  }));

test('lines that could not be removed when the file was opened are removed before the first line is added', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, 'metrics.jsonl'), '{"step":0,"loss":1}\n{"step":5,"loss":1}\n');
    mkdirSync(join(dir, 'metrics.jsonl.tmp'));
    const errors: RunError[] = [];
    const metrics = new MetricsFile(dir, 3, (error) => errors.push(error));
    metrics.add(3, [loss(2)]);
    assert.equal(errors.length, 1);
    assert.match(errors[0]?.message ?? '', /EISDIR/);
    rmdirSync(join(dir, 'metrics.jsonl.tmp'));
    metrics.add(5, [loss(2)]);
    assert.deepEqual(linesOf(dir), [
      [0, 1],
      [3, 2],
      [5, 2],
    ]);
  }));
