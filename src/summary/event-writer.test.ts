import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RunError } from '../errors.ts';
import type { EventContent } from './event.ts';
import { eventFilesOf } from './event-file-name.ts';
import { readEvents, readRun } from './event-reader.ts';
import { EventWriter, type EventWriterOptions } from './event-writer.ts';

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-events-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** Makes a writer whose errors fail the test, unless the test passes its own handler. */
function writerIn(dir: string, options: Partial<EventWriterOptions> = {}): EventWriter {
  const onError = (error: RunError) => assert.fail(error);
  return new EventWriter({ dir, startStep: 0, onError, flushSeconds: 3600, ...options });
}

const loss = (value: number): EventContent => ({
  kind: 'summary',
  values: [{ tag: 'loss', kind: 'scalar', value }],
});

async function contentsOf(path: string): Promise<readonly EventContent[]> {
  const contents: EventContent[] = [];
  for await (const { event } of readEvents(path)) contents.push(event.content);
  return contents;
}

async function lossesOf(dir: string): Promise<readonly (readonly number[])[]> {
  const { scalars } = await readRun(dir);
  return (scalars.get('loss') ?? []).map(({ step, value }) => [step, value]);
}

test('a file starts with its version and START, and has the time of the clock', async (t) => {
  const dir = join(await folder(t), 'made', 'on the way');
  const writer = writerIn(dir, { now: () => 1479000000.5 });
  writer.add(loss(2), 0);
  writer.close();
  const [name = ''] = await readdir(dir);
  assert.equal(basename(writer.path), name);
  assert.match(name, /^events\.out\.tfevents\.1479000000\./);
  const contents = await contentsOf(writer.path);
  assert.deepEqual(contents, [
    { kind: 'version', version: 'brain.Event:2' },
    { kind: 'session', status: 'START' },
    loss(2),
  ]);
  assert.equal((await readRun(dir)).scalars.get('loss')?.[0]?.wallTime, 1479000000.5);
});

test('events are buffered until a flush, which can also be automatic', async (t) => {
  const dir = await folder(t);
  const writer = writerIn(dir, { flushSeconds: 0.02 });
  writer.add(loss(1), 0);
  assert.deepEqual(await lossesOf(dir), []);
  writer.flush();
  assert.deepEqual(await lossesOf(dir), [[0, 1]]);
  writer.add(loss(2), 1);
  await setTimeout(200);
  assert.deepEqual(await lossesOf(dir), [
    [0, 1],
    [1, 2],
  ]);
  writer.close();
});

test('large events are written without waiting for a flush', async (t) => {
  const dir = await folder(t);
  const writer = writerIn(dir);
  writer.add({ kind: 'graph', graphDef: new Uint8Array(5 << 20) }, 0);
  assert.equal((await readRun(dir)).graph?.length, 5 << 20);
  writer.close();
});

test('closing writes buffered events, later events are ignored, and closing again does nothing', async (t) => {
  const dir = await folder(t);
  const writer = writerIn(dir);
  writer.add(loss(1), 0);
  writer.close();
  writer.close();
  writer.add(loss(2), 1);
  writer.flush();
  assert.deepEqual(await lossesOf(dir), [[0, 1]]);
  assert.equal(writer.lostEvents, 1);
});

test('a resumed run replaces everything that was written for its first step and later', async (t) => {
  const dir = await folder(t);
  const killed = writerIn(dir);
  for (const step of [0, 100, 200, 300]) killed.add(loss(1), step);
  killed.close();
  const resumed = writerIn(dir, { startStep: 200 });
  resumed.add(loss(2), 200);
  resumed.close();
  assert.deepEqual(await lossesOf(dir), [
    [0, 1],
    [100, 1],
    [200, 2],
  ]);
  assert.equal((await readdir(dir)).length, 2);
});

test('when a file reaches the maximum size, another one follows, with a version but without START', async (t) => {
  const dir = await folder(t);
  const writer = writerIn(dir, { maxFileBytes: 500 });
  for (let step = 0; step < 40; step++) {
    writer.add(loss(step), step);
    writer.flush();
  }
  writer.close();
  const files = await eventFilesOf(dir);
  assert.ok(files.length >= 4, `${files.length} files`);
  for (const [index, file] of files.entries()) {
    assert.ok((await stat(file)).size <= 500);
    const [first, second] = await contentsOf(file);
    assert.deepEqual(first, { kind: 'version', version: 'brain.Event:2' });
    assert.equal(second?.kind, index === 0 ? 'session' : 'summary');
  }
  assert.deepEqual(
    await lossesOf(dir),
    Array.from({ length: 40 }, (_, step) => [step, step]),
  );
});

test('a disk error is reported once, and buffered events are written completely when there is room again', async (t) => {
  const dir = await folder(t);
  const errors: RunError[] = [];
  const writer = writerIn(dir, { onError: (error) => errors.push(error) });
  writer.add(loss(1), 0);
  writer.flush();

  const { writeSync } = fs;
  // Every write gets half of a record to the disk.
  t.mock.method(
    fs,
    'writeSync',
    (descriptor: number, bytes: Uint8Array, from: number, length: number, at: number) => {
      if (length < 20)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return writeSync(descriptor, bytes, from, 20, at);
    },
  );
  syncBuiltinESMExports();
  for (const step of [1, 2, 3]) {
    writer.add(loss(1), step);
    writer.flush();
  }
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.name, 'RunError');
  assert.equal(
    errors[0]?.message,
    `${writer.path}: summaries cannot be written (ENOSPC: no space left on device, write). Check that the disk has ` +
      'room. Up to 64 MiB of events are kept, and every flush tries to write them again.',
  );
  assert.equal((await lossesOf(dir))[0]?.[1], 1, 'earlier events can still be read');

  writer.close();
  assert.equal(writer.lostEvents, 0);
  assert.deepEqual(
    (await lossesOf(dir)).map(([step]) => step),
    [0, 1, 2, 3],
  );
});

test('at most 64 MiB are buffered while nothing can be written', async (t) => {
  const dir = await folder(t);
  const errors: RunError[] = [];
  const writer = writerIn(dir, { onError: (error) => errors.push(error) });
  t.mock.method(fs, 'writeSync', () => {
    throw new Error('ENOSPC');
  });
  syncBuiltinESMExports();
  const graph: EventContent = { kind: 'graph', graphDef: new Uint8Array(10 << 20) };
  for (let step = 0; step < 8; step++) writer.add(graph, step);
  assert.equal(writer.lostEvents, 2);
  writer.close();
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal(writer.lostEvents, 8);
  assert.equal(errors.length, 1);
});

test('a folder that cannot be created is refused immediately', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'file'), 'kept');
  assert.throws(() => writerIn(join(dir, 'file')), {
    name: 'RunError',
    message: new RegExp(
      `^${join(dir, 'file')}: cannot create an event file \\(EEXIST: .*\\)\\. Check that the folder is writable\\.$`,
    ),
  });
  assert.equal(await readFile(join(dir, 'file'), 'utf8'), 'kept');
});
