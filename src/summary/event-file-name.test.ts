import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventFilesOf, isEventFileName, newEventFileName } from './event-file-name.ts';

test('a name contains the seconds in ten digits, the host, the process and a counter', () => {
  const name = newEventFileName([], 1479000000.9);
  assert.match(name, /^events\.out\.tfevents\.1479000000\.[\w.-]+\.\d+\.\d+$/);
  assert.ok(name.includes(`.${process.pid}.`));
  assert.match(newEventFileName([], 7), /^events\.out\.tfevents\.0000000007\./);
});

test('later names sort later, even within one second and after the clock was set back', () => {
  const names: string[] = ['checkpoint', 'events.out.tfevents.1479000100.elsewhere'];
  for (let i = 0; i < 12; i++) names.push(newEventFileName(names, 1479000000));
  const written = names.slice(1);
  assert.deepEqual(written.toSorted(), written);
  assert.match(names.at(-1) ?? '', /\.1479000112\./);
});

test('eventFilesOf finds the files that TensorBoard reads, in the same order', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-names-'));
  t.after(() => rm(dir, { recursive: true }));
  const names = [
    'events.out.tfevents.1479000000.b',
    'events.out.tfevents.1478000000.c',
    'events.out.tfevents.1479000000.a.profile-empty',
    'checkpoint',
  ];
  for (const name of names) await writeFile(join(dir, name), '');
  assert.deepEqual(
    await eventFilesOf(dir),
    [names[1], names[0]].map((name) => join(dir, name ?? '')),
  );
  assert.equal(isEventFileName('my.tfevents'), true);
  await assert.rejects(
    eventFilesOf(join(dir, 'missing')),
    /^RunError: cannot read the folder .*missing: ENOENT/,
  );
});
