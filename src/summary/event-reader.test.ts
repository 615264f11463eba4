import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EventContent, SummaryEvent } from './event.ts';
import { encodeEvent } from './event-encode.ts';
import { readEvents, readRun } from './event-reader.ts';
import { histogramOf } from './histogram.ts';
import { frameRecord } from './record-file.ts';

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-reader-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

const version: SummaryEvent = {
  ...{ wallTime: 1, step: 0 },
  content: { kind: 'version', version: 'brain.Event:2' },
};
const start = (step: number): SummaryEvent => ({
  ...{ wallTime: 1, step },
  content: { kind: 'session', status: 'START' },
});
const at = (step: number, content: EventContent): SummaryEvent => ({ wallTime: 1 + step, step, content });
const scalar = (tag: string, step: number, value: number, description?: string): SummaryEvent =>
  at(step, {
    kind: 'summary',
    values: [{ tag, kind: 'scalar', value, ...(description !== undefined && { description }) }],
  });

async function write(path: string, events: readonly SummaryEvent[]): Promise<void> {
  await writeFile(path, Buffer.concat(events.map((event) => frameRecord(encodeEvent(event)))));
}

const steps = async (path: string) => {
  const { scalars } = await readRun(path);
  return (scalars.get('a') ?? []).map(({ step }) => step);
};

test('every kind of value is found under its tag', async (t) => {
  const dir = await folder(t);
  const histogram = histogramOf(Float32Array.of(1, 2, 3));
  const image = { width: 1, height: 1, channels: 3, png: Uint8Array.of(1, 2) };
  await write(join(dir, 'events.out.tfevents.1.a'), [
    version,
    at(0, { kind: 'graph', graphDef: Uint8Array.of(1) }),
    scalar('a', 0, 0.5, 'first words'),
    scalar('a', 1, 0.25, 'other words'),
    at(1, {
      kind: 'summary',
      values: [
        { tag: 'h', kind: 'histogram', histogram },
        { tag: 'i', kind: 'image', image },
        { tag: 'p', kind: 'plugin', plugin: 'hparams', content: Uint8Array.of(1) },
      ],
    }),
    at(2, {
      kind: 'summary',
      values: [{ tag: 'p', kind: 'plugin', plugin: 'hparams', content: Uint8Array.of(2) }],
    }),
    at(3, { kind: 'graph', graphDef: Uint8Array.of(2) }),
  ]);
  const run = await readRun(dir);
  assert.deepEqual(run.scalars.get('a'), [
    { step: 0, wallTime: 1, value: 0.5 },
    { step: 1, wallTime: 2, value: 0.25 },
  ]);
  assert.deepEqual(run.histograms.get('h'), [{ step: 1, wallTime: 2, value: histogram }]);
  assert.deepEqual(run.images.get('i'), [{ step: 1, wallTime: 2, value: image }]);
  assert.deepEqual(run.plugins.get('p'), { plugin: 'hparams', content: Uint8Array.of(1) });
  assert.equal(run.descriptions.get('a'), 'first words');
  assert.deepEqual(run.graph, Uint8Array.of(2));
});

test('a session that starts at a step invalidates the points of every tag at that step and later', async (t) => {
  const dir = await folder(t);
  await write(join(dir, 'events.out.tfevents.1.a'), [version, ...[0, 1, 2, 3].map((n) => scalar('a', n, 1))]);
  await write(join(dir, 'events.out.tfevents.2.a'), [
    version,
    start(2),
    scalar('b', 2, 1),
    scalar('a', 3, 2),
  ]);
  const { scalars } = await readRun(dir);
  assert.deepEqual(
    scalars.get('a')?.map(({ step, value }) => [step, value]),
    [
      [0, 1],
      [1, 1],
      [3, 2],
    ],
  );
  assert.deepEqual(scalars.get('b')?.length, 1);
});

test('the files are read in the order of their names, whatever order they were created in', async (t) => {
  const dir = await folder(t);
  await write(join(dir, 'events.out.tfevents.2.a'), [version, start(1), scalar('a', 1, 2)]);
  await write(join(dir, 'events.out.tfevents.1.a'), [version, scalar('a', 0, 1), scalar('a', 1, 1)]);
  await mkdir(join(dir, 'other'));
  await write(join(dir, 'other', 'events.out.tfevents.3.a'), [version, start(0)]);
  assert.deepEqual(await steps(dir), [0, 1]);
});

test('a session start in a file without a version invalidates nothing', async (t) => {
  const path = join(await folder(t), 'old.tfevents');
  await write(path, [scalar('a', 0, 1), scalar('a', 1, 1), start(0), scalar('a', 2, 1)]);
  assert.deepEqual(await steps(path), [0, 1, 2]);
});

test('a truncated file does not hide the next one', async (t) => {
  const dir = await folder(t);
  const first = join(dir, 'events.out.tfevents.1.a');
  await write(first, [version, scalar('a', 0, 1), scalar('a', 1, 1)]);
  await truncate(first, (await stat(first)).size - 5);
  await write(join(dir, 'events.out.tfevents.2.a'), [version, start(1), scalar('a', 1, 2)]);
  assert.deepEqual(await steps(dir), [0, 1]);
});

test('reading can continue at the end of the last event', async (t) => {
  const path = join(await folder(t), 'events.out.tfevents.1.a');
  await write(path, [version, scalar('a', 0, 1)]);
  const ends: number[] = [];
  for await (const { end } of readEvents(path)) ends.push(end);
  await write(path, [version, scalar('a', 0, 1), start(7)]);
  const rest: SummaryEvent[] = [];
  for await (const { event } of readEvents(path, { from: ends.at(-1) ?? 0 })) rest.push(event);
  assert.deepEqual(rest, [start(7)]);
});

test('the errors for a damaged event, a missing path and a folder without events contain the path', async (t) => {
  const dir = await folder(t);
  await assert.rejects(readRun(dir), {
    name: 'RunError',
    message: `${dir}: no event files (events.out.tfevents.…) found. Use the folder of a run.`,
  });
  await assert.rejects(
    readRun(join(dir, 'missing')),
    /^RunError: cannot read .*missing: ENOENT.* Use the folder of a run/,
  );
  const path = join(dir, 'events.out.tfevents.1.a');
  await writeFile(
    path,
    Buffer.concat([frameRecord(encodeEvent(version)), frameRecord(Uint8Array.of(0x2a, 9))]),
  );
  await assert.rejects(
    readRun(dir),
    /events\.out\.tfevents\.1\.a: byte 40: the record is intact, but not a TensorBoard event/,
  );
});
