import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventContent, SummaryValue } from '../../summary/event.ts';
import { encodeEvent } from '../../summary/event-encode.ts';
import { readRun } from '../../summary/event-reader.ts';
import { histogramOf } from '../../summary/histogram.ts';
import { sessionEndValue, sessionStartValue } from '../../summary/hparams.ts';
import { encodeImage } from '../../summary/png.ts';
import { frameRecord } from '../../summary/record-file.ts';
import { EventProto } from '../../summary/schema.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { findRuns } from './find-runs.ts';
import { readPieceHere } from './read-piece.ts';
import { Run } from './run.ts';

const name = 'events.out.tfevents.1700000000.host.1.0';
const record = (content: EventContent, step: number, wallTime = 1000 + step) =>
  frameRecord(encodeEvent({ wallTime, step, content }));
const version = record({ kind: 'version', version: 'brain.Event:2' }, 0);
const summary = (step: number, ...values: readonly SummaryValue[]) =>
  record({ kind: 'summary', values }, step);
const scalar = (tag: string, value: number): SummaryValue => ({ tag, kind: 'scalar', value });
const start = (step: number) => record({ kind: 'session', status: 'START' }, step);
const image = encodeImage({ width: 2, height: 1, channels: 3, data: new Uint8Array(6) });

/** Reads a folder, which contains one run. */
async function read(dir: string, run?: Run): Promise<Run> {
  const [found] = (await findRuns(dir)).runs;
  assert.ok(found);
  const known = run ?? new Run(found);
  await known.refresh(found, readPieceHere);
  return known;
}

/** Compares what was read with the other reader of event files. */
async function requireSame(dir: string, run: Run): Promise<void> {
  const expected = await readRun(dir, () => undefined);
  const curves = [...run.scalars].map(([tag, { points }]) => [
    tag,
    [...points.steps].map((step, at) => ({ step, wallTime: points.times[at], value: points.values[at] })),
  ]);
  assert.deepEqual(
    Object.fromEntries(curves),
    Object.fromEntries([...expected.scalars].filter(([, points]) => points.length > 0)),
  );
  for (const [kind, series] of [
    ['histogram', expected.histograms],
    ['image', expected.images],
  ] as const) {
    const found = run.located.filter((one) => one.kind === kind).map(({ tag, step }) => [tag, step]);
    const wanted = [...series].flatMap(([tag, points]) => points.map(({ step }) => [tag, step]));
    assert.deepEqual(found.sort(), wanted.sort());
  }
}

test('curves, histograms and images are those of the other reader, whatever was written', () =>
  inTemporaryFolder(async (dir) => {
    const tag = fc.constantFrom('total_loss', 'a/b', '', 'ä🙂', 'x'.repeat(300));
    const value: fc.Arbitrary<SummaryValue> = fc.oneof(
      fc.tuple(tag, fc.float()).map(([tag, value]) => scalar(tag, value)),
      tag.map(
        (tag): SummaryValue => ({ tag, kind: 'histogram', histogram: histogramOf(Float32Array.of(1, 2)) }),
      ),
      tag.map((tag): SummaryValue => ({ tag, kind: 'image', image })),
    );
    const event = fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(fc.nat(1e9), fc.array(value, { maxLength: 4 }))
          .map(([step, values]) => summary(step, ...values)),
      },
      { weight: 1, arbitrary: fc.nat(1e9).map(start) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        writeFileSync(join(dir, name), Buffer.concat([version, ...events]));
        await requireSame(dir, await read(dir));
      }),
      { numRuns: 50 },
    );
  }));

test('a file is followed while it grows by any number of bytes', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, name);
    const all = Buffer.concat([
      version,
      ...[1, 2, 3, 4].map((step) => summary(step, scalar('loss', step), scalar('b', -step))),
      start(3),
      summary(3, scalar('loss', 30), {
        tag: 'h',
        kind: 'histogram',
        histogram: histogramOf(Float32Array.of(1)),
      }),
    ]);
    writeFileSync(path, all.subarray(0, 0));
    let run = await read(dir);
    for (let at = 0; at < all.length; at += 7) {
      appendFileSync(path, all.subarray(at, at + 7));
      run = await read(dir, run);
    }
    await requireSame(dir, run);
    assert.deepEqual([...(run.pointsOf('loss')?.values ?? [])], [1, 2, 30]);
  }));

test('a file that was replaced, shortened or removed is read again', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, name);
    const events = [1, 2, 3].map((step) => summary(step, scalar('loss', step)));
    writeFileSync(path, Buffer.concat([version, ...events]));
    writeFileSync(join(dir, 'metrics.jsonl'), '');
    const run = await read(dir);
    assert.equal(run.pointsOf('loss')?.steps.length, 3);
    writeFileSync(path, Buffer.concat([version, ...events.slice(0, 1)]));
    await read(dir, run);
    assert.equal(run.pointsOf('loss')?.steps.length, 1);
    writeFileSync(path, version.subarray(0, 3));
    await read(dir, run);
    assert.equal(run.pointsOf('loss'), undefined);
  }));

test('intact records around damage are read, and the damage is a remark', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, name);
    const events = [1, 2, 3].map((step) => summary(step, scalar('loss', step)));
    const bytes = Buffer.concat([version, ...events]);
    const middle = version.length + (events[0]?.length ?? 0) + 20;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const run = await read(dir);
    await requireSame(dir, run);
    assert.deepEqual([...(run.pointsOf('loss')?.steps ?? [])], [1, 3]);
    assert.match(run.remarks.join(), /data of a record .* has checksum/);
  }));

test('damage at the end of a file is a remark when something follows it', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, name);
    writeFileSync(path, Buffer.concat([version, summary(1, scalar('loss', 1)), new Uint8Array(50).fill(7)]));
    const run = await read(dir);
    assert.deepEqual(run.remarks, []);
    appendFileSync(path, summary(2, scalar('loss', 2)));
    await read(dir, run);
    assert.deepEqual([[...(run.pointsOf('loss')?.steps ?? [])], run.remarks.length], [[1, 2], 1]);
  }));

test('bytes that are no events are a remark, whatever they are', () =>
  inTemporaryFolder(async (dir) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        writeFileSync(join(dir, name), frameRecord(bytes));
        const run = await read(dir);
        await requireSame(dir, run).catch((error: unknown) => assert.match(String(error), /RunError/));
        appendFileSync(join(dir, name), bytes);
        await read(dir, run);
      }),
      { numRuns: 100 },
    );
  }));

test('values that TensorFlow 2 and PyTorch store as tensors are read', () =>
  inTemporaryFolder(async (dir) => {
    const metadata = { plugin_data: { plugin_name: 'scalars' } };
    const foreign = (step: number, value: object) =>
      frameRecord(EventProto.encode({ wall_time: 1, step, summary: { value: [value] } }).finish());
    const first = [
      version,
      foreign(1, { tag: 'a', metadata, tensor: { dtype: 1, float_val: [0.5] } }),
      foreign(2, { tag: 'a', tensor: { dtype: 2, double_val: [0.1] } }),
    ];
    writeFileSync(join(dir, name), Buffer.concat(first));
    const run = await read(dir);
    // The plugin of the tag is remembered between pieces.
    appendFileSync(join(dir, name), foreign(3, { tag: 'a', tensor: { dtype: 9, int64_val: [7] } }));
    await read(dir, run);
    await requireSame(dir, run);
    assert.deepEqual([...(run.pointsOf('a')?.values ?? [])], [0.5, 0.1, 7]);
  }));

test('the hyperparameters and the end of a run are read', () =>
  inTemporaryFolder(async (dir) => {
    const values = [sessionStartValue({ optimizer: 'adam', rate: 0.1 }, 1)];
    writeFileSync(join(dir, name), Buffer.concat([version, summary(0, ...values)]));
    const run = await read(dir);
    assert.deepEqual([run.hyperparameters, run.hasEnded], [{ optimizer: 'adam', rate: '0.1' }, false]);
    appendFileSync(join(dir, name), summary(9, sessionEndValue('success', 2)));
    await read(dir, run);
    assert.equal(run.hasEnded, true);
  }));

test('metrics.jsonl is read if there are no event files', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, 'metrics.jsonl');
    const line = (step: number, loss: number | null) =>
      `${JSON.stringify({ time: '1970-01-01T00:00:10.000Z', step, loss })}\n`;
    writeFileSync(path, `${line(1, 0.5)}not JSON\n[]\n${line(2, null)}{"step":3,`);
    const run = await read(dir);
    assert.deepEqual([...(run.pointsOf('loss')?.values ?? [])], [0.5, Number.NaN]);
    assert.equal(run.started, 10);
    writeFileSync(path, `${readFileSync(path, 'utf8')}"loss":4}\n`);
    await read(dir, run);
    assert.deepEqual([...(run.pointsOf('loss')?.values ?? [])], [0.5, Number.NaN, 4]);
  }));
